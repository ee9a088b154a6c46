"""Which kinds of test this installation knows: every folder beside this file that holds a ``kind.py``.

A new kind is one folder and no change elsewhere. A kind is imported when it is asked for, so that a person at
a terminal who counts cells does not wait for the flow-cytometry engine.
"""

from functools import cache
from importlib import import_module, resources
from typing import cast

from atmpxb.notes import listed
from atmpxb.quality.assays.seam import AssayError, AssayKind

_PACKAGE = "atmpxb.quality.assays"


@cache
def codes() -> tuple[str, ...]:
    """The codes of all kinds, in alphabetical order; a code is the name of the kind's folder."""
    folders = (item for item in resources.files(_PACKAGE).iterdir() if item.is_dir())
    return tuple(sorted(folder.name for folder in folders if folder.joinpath("kind.py").is_file()))


@cache
def kind(code: str) -> AssayKind:
    """The assay kind with this code.

    Raises:
        AssayError: ``kind.unknown`` when no folder has this name, ``kind.misnamed`` when a folder's ``KIND``
            carries another code, so that a method would not find it again.

    >>> kind("palm_reading")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    atmpxb.quality.assays.seam.AssayError: Unknown kind of test 'palm_reading'; known kinds: ...
    """
    if code not in codes():
        raise AssayError(
            "kind.unknown",
            "Unknown kind of test '{kind}'; known kinds: {known}.",
            kind=code,
            known=listed(codes()),
        )
    found = cast(AssayKind, import_module(f"{_PACKAGE}.{code}.kind").KIND)
    if found.code != code:
        raise AssayError(
            "kind.misnamed",
            "The folder '{kind}' holds a kind with code '{found}'; rename one of them.",
            kind=code,
            found=found.code,
        )
    return found


def kinds() -> tuple[AssayKind, ...]:
    """All kinds, by code."""
    return tuple(kind(code) for code in codes())
