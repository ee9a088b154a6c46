"""How often a code is taken for a national number by chance, and how surely a true one is found: simulated, seeded."""

import random

import pytest

from atmpxb.science.personal import PERHAPS, Holds, holds_of, looks_personal
from atmpxb.science.personal.numbers import national_number

SEED = 20261122
CODES = 100_000
TRUE = 20_000
#: As laboratories write what identifies a reagent, a bead, an instrument or a tube.
PLACES = ("{}", "Lot {}", "LOT: {} exp 2027-01", "S/N {}", "serial no. {}", "Beads {}, vial 2", "ref {} (kit)", "#{}")
NAMED = (
    "BSN {}", "bsn: {}", "BSN{}", "burgerservicenummer {}", "sofinr. {}", "Patient ID {}", "PATIENT_ID_{}",
    "{} (rijksregisternummer)", "INSZ {}", "NISS: {}", "national number {}", "numéro national {}", "patiëntnr {}",
)  # fmt: skip


def dutch(draw: random.Random) -> str:
    """A Dutch number as the register gives it out: the last digit makes the weighted sum a multiple of eleven."""
    while True:
        digits = [draw.randrange(10) for _ in range(8)]
        check = sum(weight * digit for weight, digit in zip(range(9, 1, -1), digits, strict=True)) % 11
        if check < 10 and any(digits):
            return "".join(map(str, [*digits, check]))


def belgian(draw: random.Random) -> str:
    """A Belgian number: day of birth, serial, and what is left of 97."""
    year, born = draw.choice([(year, f"{year % 100:02}") for year in range(1930, 2026)])
    front = f"{born}{draw.randrange(1, 13):02}{draw.randrange(1, 29):02}{draw.randrange(1, 998):03}"
    return f"{front}{97 - int(('2' if year >= 2000 else '') + front) % 97:02}"


@pytest.mark.parametrize(("length", "rate"), [(9, 0.0909), (11, 0.0026)])
def test_a_lot_number_is_a_doubt_at_most(length: int, rate: float) -> None:
    draw = random.Random(SEED)
    looks = [
        national_number(draw.choice(PLACES).format("".join(str(draw.randrange(10)) for _ in range(length))))
        for _ in range(CODES)
    ]
    assert looks.count("national number") == 0
    assert looks.count(PERHAPS) / CODES == pytest.approx(rate, rel=0.1), "as the docstring says"


@pytest.mark.parametrize("make", [dutch, belgian])
def test_a_number_that_is_named_is_always_found(make) -> None:
    draw = random.Random(SEED)
    for count in range(TRUE):
        number = make(draw)
        assert national_number(NAMED[count % len(NAMED)].format(number)) == "national number"
        assert national_number(number, about_person=True) == "national number"
        assert national_number(number) == PERHAPS


def test_the_name_of_the_field_says_what_the_number_is() -> None:
    for key in ("PATIENT ID", "BSN", "Rijksregisternummer", "INSZ", "National number", "DONOR"):
        assert looks_personal("111222333", holds_of(key)) == "national number", key
    for key in ("$SMNO", "TUBE NAME", "$COM", "LOT", "Reagent batch", "$OP"):
        assert looks_personal("111222333", holds_of(key)) == PERHAPS, key
    assert looks_personal("111222333", Holds.TECHNICAL) == "", "programs write their own numbers there"


@pytest.mark.parametrize(
    "text", ["85133003328", "85023003384", "99.99.99-999.99", "10.15.30-400.50", "85.02.30-033.28"]
)
def test_no_day_no_number(text: str) -> None:
    """The thirtieth of February, a month that is none: a version, a part number, an order."""
    assert national_number(text) == ""


@pytest.mark.parametrize("text", ["85400003384", "00.00.01-001.05"])
def test_a_birthday_that_nobody_knows_is_one(text: str) -> None:
    front = int(text.replace(".", "").replace("-", "")[:9])
    number = f"{front:09}{97 - front % 97:02}"
    assert national_number(number, about_person=True) == "national number"


def test_doubt_gives_way_to_what_is_certain() -> None:
    assert looks_personal("Jan Janssens 111222333") == "name"
    assert looks_personal("111222333, patient 12") == "national number", "the word stands beside it"
    assert looks_personal("Lot 111222333; made for the study, donors are known by code elsewhere") == PERHAPS
