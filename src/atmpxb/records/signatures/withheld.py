"""What a signature binds without showing it: a salted digest in the manifest, the words in the house.

A manifest travels with a certificate, so it must not hold what concerns the laboratory alone. In its place stands
``{"withheld": SHA-256 of the canonical JSON of salt and value}``. The salt is random, so nobody finds the words by
trying; whoever is shown salt and value can check that these and no others were signed.
"""

import secrets
from collections.abc import Collection, Iterator, Mapping
from hashlib import sha256
from typing import Any

from atmpxb.records.ledger.canonical import canonical

#: Bytes of a salt: more than anybody can try.
SALT = 16

type Openings = dict[str, dict[str, Any]]


def commitment(salt: str, value: Any) -> dict[str, str]:
    """What stands in the manifest for a withheld value.

    >>> commitment("00" * 16, "looked at the plot")["withheld"][:16]
    'c653308246ab3a3f'
    """
    return {"withheld": sha256(canonical({"salt": salt, "value": value})).hexdigest()}


def withhold(fields: Mapping[str, Any], names: Collection[str]) -> tuple[dict[str, Any], Openings]:
    """The fields with commitments in place of the named ones, and what opens these."""
    openings = {name: {"salt": secrets.token_hex(SALT), "value": fields[name]} for name in names if name in fields}
    return {**fields, **{name: commitment(one["salt"], one["value"]) for name, one in openings.items()}}, openings


def is_withheld(value: Any) -> bool:
    """Whether a value of a manifest is a commitment."""
    return isinstance(value, dict) and set(value) == {"withheld"}


def unfitting(manifest: Mapping[str, Any], openings: Mapping[str, Openings]) -> Iterator[str]:
    """The places of a manifest whose commitment nothing fits, or for which nothing was kept.

    Args:
        openings: part of the manifest (``content``, ``signer``) → name → salt and value.
    """
    for part in ("content", "signer"):
        for name, value in manifest[part].items():
            kept = openings.get(part, {}).get(name)
            if is_withheld(value) and (kept is None or commitment(kept["salt"], kept["value"]) != value):
                yield f"{part}.{name}"
