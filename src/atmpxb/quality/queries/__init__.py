"""Reads of the competence centre: one file a noun, frozen dataclasses out, no write anywhere."""
