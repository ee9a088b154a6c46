"""A run is fit for use only where every criterion could be judged and holds."""

from hashlib import sha256

import pytest

from atmpxb.notes import say
from atmpxb.quality.assays.method import parse
from atmpxb.quality.assays.seam import AssayError, Check, Method, RawFile
from atmpxb.quality.assays.suitability import check_inputs, judge, require_inputs


def method(bounds: str = 'minimum = "0.98"\nmaximum = "1.02"') -> Method:
    return parse(
        f"""
schema = "atmpxb.method/1"
code = "X-1"
version = "1"
kind = "any"
title = {{ en = "X", nl = "X" }}
[[inputs]]
role = "plate"
title = {{ en = "Plate", nl = "Plaat" }}
formats = ["rdml"]
maximum = 2
[[reportables]]
code = "x"
title = {{ en = "X", nl = "X" }}
[[suitability]]
code = "r2"
title = {{ en = "Linearity", nl = "Lineariteit" }}
measure = "r2"
{bounds}
""".encode()
    )


def file(name: str, data: bytes, role: str = "plate") -> RawFile:
    return RawFile(name, role, data, sha256(data).hexdigest())


@pytest.mark.parametrize(
    ("measure", "passed"),
    [
        (0.98, True),
        (1.02, True),
        (0.9799999999999999, False),
        (1.0200000000000002, False),
        (1, True),
        (None, None),
        (float("nan"), None),
        (float("inf"), None),
    ],
)
def test_bounds_are_inclusive_and_a_missing_number_is_no_pass(measure: float | None, passed: bool | None) -> None:
    (check,) = judge(method(), {"r2": measure})

    assert check.passed is passed
    assert check.criterion == "≥ 0.98, ≤ 1.02"


def test_a_measure_that_was_never_computed_could_not_be_judged() -> None:
    (check,) = judge(method(), {})

    assert check.passed is None
    assert say(check.observed) == "could not be judged"


def test_observed_and_criterion_carry_the_unit() -> None:
    (check,) = judge(method('maximum = "20"\nunit = "%"'), {"r2": 12.5}, "S1")

    assert (check.observed, check.criterion, check.sample) == ("12.5 %", "≤ 20 %", "S1")


def test_the_files_of_a_method_are_complete() -> None:
    (answer,) = check_inputs(method(), [file("a", b"a")])

    assert isinstance(answer, Check)
    assert answer.passed
    assert answer.criterion == "≥ 1, ≤ 2"


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ([], "inputs.missing"),
        ([file("a", b"a"), file("b", b"b"), file("c", b"c")], "inputs.too_many"),
        ([file("a", b"a"), file("z", b"z", "tube")], "inputs.unknown_role"),
        ([file("a", b"a"), file("copy", b"a")], "inputs.same_file"),
        ([file("a", b"a"), file("a", b"a")], "inputs.same_file"),
    ],
)
def test_files_that_do_not_fit_are_named(files: list[RawFile], code: str) -> None:
    errors = [answer for answer in check_inputs(method(), files) if isinstance(answer, AssayError)]

    assert [error.code for error in errors] == [code]
    with pytest.raises(AssayError) as caught:
        require_inputs(method(), files)
    assert caught.value.code == code
