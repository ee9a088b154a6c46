"""Measurements of speed, memory and agreement with other programs: one module a benchmark."""
