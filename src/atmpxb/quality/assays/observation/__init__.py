"""Observations by a person, e.g. the appearance of a suspension."""
