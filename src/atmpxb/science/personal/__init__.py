"""Texts that look like a person: names, birth dates, national numbers, addresses."""

from atmpxb.science.personal.keys import holds_of, sex_and_age
from atmpxb.science.personal.numbers import PERHAPS
from atmpxb.science.personal.screen import Holds, looks_personal

__all__ = ["PERHAPS", "Holds", "holds_of", "looks_personal", "sex_and_age"]
