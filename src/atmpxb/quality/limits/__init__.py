"""Limits of a specification: what is compared, rounded how, judged how, and which material it needs."""

from atmpxb.quality.limits.sampling import Aliquot, Allocation, Portion, SamplingPlan, Shortage, allocate
from atmpxb.quality.limits.specification import (
    Specification,
    SpecificationError,
    SpecificationLine,
    parse_specification,
)
from atmpxb.quality.limits.verdict import Limit, Outcome, Rounding, Verdict, judge, same_unit

__all__ = [
    "Aliquot",
    "Allocation",
    "Limit",
    "Outcome",
    "Portion",
    "Rounding",
    "SamplingPlan",
    "Shortage",
    "Specification",
    "SpecificationError",
    "SpecificationLine",
    "Verdict",
    "allocate",
    "judge",
    "parse_specification",
    "same_unit",
]
