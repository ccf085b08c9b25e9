"""The scheduler in the foreground: what is read when, by whom, and how it begins and ends."""
