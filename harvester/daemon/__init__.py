"""The daemon: harvests by itself, tells how it stands, and is never in the way."""
