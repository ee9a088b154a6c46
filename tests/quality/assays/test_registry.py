"""A kind of test is a folder: it is found without being listed anywhere."""

import pytest

from atmpxb.quality.assays.registry import codes, kind, kinds
from atmpxb.quality.assays.seam import AssayError


def test_every_folder_with_a_kind_is_found_under_its_own_name() -> None:
    assert tuple(found.code for found in kinds()) == codes()
    for found in kinds():
        assert kind(found.code) is found
        assert {"en", "nl"} <= set(found.title)
        assert isinstance(found.recomputable, bool)


def test_an_unknown_kind_names_the_known_ones() -> None:
    with pytest.raises(AssayError) as caught:
        kind("palm_reading")
    assert caught.value.code == "kind.unknown"
    assert caught.value.facts["known"] == ", ".join(codes())


def test_a_name_can_not_climb_out_of_the_folder() -> None:
    with pytest.raises(AssayError, match="Unknown kind"):
        kind("..records")
