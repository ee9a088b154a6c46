"""The tree of RFC 9162: published vectors, and laws that hold for every tree."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atmpxb.records.ledger import merkle

# The eight inputs and the roots after each of them, and the proofs, from the test suite of Certificate
# Transparency (RFC 6962, whose tree RFC 9162 keeps): merkletree/merkle_tree_test.cc of the reference
# implementation.
INPUTS = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
INCLUSION = {  # (leaf counted from 1, size of the tree): path
    (1, 1): (),
    (1, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (6, 8): (
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (3, 3): ("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",),
    (2, 5): (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
}
CONSISTENCY = {
    (1, 1): (),
    (1, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (6, 8): (
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 5): (
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
}


def test_the_tree_of_nothing_is_the_hash_of_nothing() -> None:
    assert merkle.root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("size", range(1, 9))
def test_published_roots(size: int) -> None:
    assert merkle.root(INPUTS[:size]).hex() == ROOTS[size - 1]


@pytest.mark.parametrize(("leaf", "size"), INCLUSION)
def test_published_inclusion_proofs(leaf: int, size: int) -> None:
    path = tuple(bytes.fromhex(text) for text in INCLUSION[leaf, size])
    assert merkle.inclusion_path(INPUTS[:size], leaf - 1) == path
    assert merkle.includes(INPUTS[leaf - 1], leaf - 1, size, path, bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(("earlier", "later"), CONSISTENCY)
def test_published_consistency_proofs(earlier: int, later: int) -> None:
    path = tuple(bytes.fromhex(text) for text in CONSISTENCY[earlier, later])
    assert merkle.consistency_path(INPUTS[:later], earlier) == path
    roots = bytes.fromhex(ROOTS[earlier - 1]), bytes.fromhex(ROOTS[later - 1])
    assert merkle.consistent(earlier, later, *roots, path)


leaves = st.lists(st.binary(min_size=0, max_size=8), min_size=1, max_size=70, unique=True)


@settings(derandomize=True, deadline=None)
@given(leaves, st.data())
def test_every_leaf_is_provable_and_nothing_else_is(data: list[bytes], draw: st.DataObject) -> None:
    index = draw.draw(st.integers(0, len(data) - 1))
    root, path = merkle.root(data), merkle.inclusion_path(data, index)
    assert merkle.includes(data[index], index, len(data), path, root)
    assert not merkle.includes(data[index] + b"!", index, len(data), path, root)
    assert not merkle.includes(data[index], index, len(data), (*path, root), root)
    for other in range(len(data)):
        assert other == index or not merkle.includes(data[index], other, len(data), path, root)
    if path:
        spot = draw.draw(st.integers(0, len(path) - 1))
        wrong = (*path[:spot], bytes(32), *path[spot + 1 :])
        assert not merkle.includes(data[index], index, len(data), wrong, root)
        assert not merkle.includes(data[index], index, len(data), path[:-1], root)


@settings(derandomize=True, deadline=None)
@given(leaves, st.data())
def test_a_grown_tree_is_consistent_and_a_changed_one_is_not(data: list[bytes], draw: st.DataObject) -> None:
    earlier = draw.draw(st.integers(1, len(data)))
    path = merkle.consistency_path(data, earlier)
    roots = merkle.root(data[:earlier]), merkle.root(data)
    assert merkle.consistent(earlier, len(data), *roots, path)
    changed = list(data)
    changed[draw.draw(st.integers(0, earlier - 1))] += b"!"
    other = merkle.consistency_path(changed, earlier)
    assert not merkle.consistent(earlier, len(data), roots[0], merkle.root(changed), other)
    assert not merkle.consistent(earlier, len(data), *roots, (*path, bytes(32)))


def test_a_leaf_that_does_not_exist_has_no_proof() -> None:
    with pytest.raises(IndexError):
        merkle.inclusion_path([b"a"], 1)
    with pytest.raises(IndexError):
        merkle.consistency_path([b"a"], 2)
    assert not merkle.includes(b"a", 1, 1, (), merkle.root([b"a"]))
    assert not merkle.consistent(0, 1, merkle.root([]), merkle.root([b"a"]), ())
