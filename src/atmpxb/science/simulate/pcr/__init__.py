"""Simulated qPCR plates with known truth."""

from .plate import FAULTS, PlateDesign, PlateTruth, simulate_plate

__all__ = ["FAULTS", "PlateDesign", "PlateTruth", "simulate_plate"]
