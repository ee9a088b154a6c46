"""The story of a batch, for the tests of this folder."""

from scene_fixtures import library, scene

__all__ = ["library", "scene"]
