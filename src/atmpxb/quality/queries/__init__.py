"""What the pages read: one file a noun, frozen dataclasses out, a fixed number of questions to the database."""
