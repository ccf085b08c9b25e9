"""A bundled offline example: a small world, and loopback servers that answer for it as the real services would."""
