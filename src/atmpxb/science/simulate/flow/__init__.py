"""Simulated flow-cytometry tubes with known truth. See README.md."""

from atmpxb.science.simulate.flow.panel import CHANNELS, COLOURS, KINDS, SPILLOVER
from atmpxb.science.simulate.flow.tube import Composition, Tube, simulate_tube

__all__ = ["CHANNELS", "COLOURS", "KINDS", "SPILLOVER", "Composition", "Tube", "simulate_tube"]
