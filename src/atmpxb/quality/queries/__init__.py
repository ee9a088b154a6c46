"""What the pages read: one file a noun, frozen dataclasses out, a fixed number of statements."""
