"""Quantitative PCR: amplification curves, quantification cycles, standard curves, copy number."""

from .amplification import BASELINE_RULE, Amplification, AmplificationRules, amplify, quantification_cycles
from .copy_number import CopyNumber, vector_copy_number
from .errors import PcrError
from .standard_curve import Reading, StandardCurve, fit, read_quantity
from .threshold import RULES, threshold

__all__ = [
    "BASELINE_RULE", "RULES", "Amplification", "AmplificationRules", "CopyNumber", "PcrError", "Reading",
    "StandardCurve",
    "amplify", "fit", "quantification_cycles", "read_quantity", "threshold", "vector_copy_number",
]  # fmt: skip
