"""A simulated plate is a plausible RDML file, the same each time, and its planted faults are where it
says."""

import numpy as np
import pytest

from atmpxb.science.instruments.rdml import read
from atmpxb.science.simulate.pcr import FAULTS, PlateDesign, simulate_plate


def test_equal_seeds_give_equal_bytes_and_others_do_not() -> None:
    assert simulate_plate(4)[0] == simulate_plate(4)[0]
    assert simulate_plate(4)[0] != simulate_plate(5)[0]


def test_the_plate_holds_what_a_vcn_run_holds() -> None:
    data, truth = simulate_plate(1)
    file = read(data)
    _, run = next(file.runs())
    assert file.unread == file.repairs == ()
    assert {react.well: react.sample for react in run.reacts} == truth.wells
    assert "SN SIM-TC-0042" in run.instrument
    assert (run.id, run.date) == ("RUN-0001", "2026-03-02T09:15:00")
    types = [file.sample(react.sample).type_for("WPRE") for react in run.reacts]
    assert [types.count(code) for code in ("std", "unkn", "pos", "ntc")] == [15, 6, 3, 3]


def test_faults_change_only_the_wells_they_name() -> None:
    def curves(*faults: str) -> dict[tuple[str, str], np.ndarray]:
        file = read(simulate_plate(7, None, faults)[0])
        return {(r.well, d.target): d.fluorescence for _, run in file.runs() for r in run.reacts for d in r.data}

    clean, spoilt = curves(), curves("contaminated_ntc")
    # NTC stands in C1 to C3; its vector curve rises now, and nothing before it moved.
    assert spoilt["C1", "WPRE"].max() > 4 > 1.6 > clean["C1", "WPRE"].max()
    assert all(np.array_equal(spoilt[key], clean[key]) for key in clean if key[0] < "C")


def test_a_full_plate_fits_and_more_does_not() -> None:
    samples = {f"S{i}": 1.0 for i in range(25)}
    assert len(simulate_plate(1, PlateDesign(samples=samples))[1].wells) == 96
    with pytest.raises(ValueError, match="do not fit"):
        simulate_plate(1, PlateDesign(samples=samples | {"S25": 1.0}))
    with pytest.raises(ValueError, match="unknown faults"):
        simulate_plate(1, None, ("lightning",))
    for fault in FAULTS:
        assert simulate_plate(1, None, (fault,))[1].faults == (fault,)
