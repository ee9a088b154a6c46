"""Pictures of several files are told apart, compared in one table, and none is lost."""

from atmpxb.quality.assays.seam import Plot
from atmpxb.quality.certificate.figures import figures, largest_enough
from atmpxb.quality.certificate.labels import LABELS

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>'


def drawn(file: str, number: int, count: str) -> list[Plot]:
    return [
        Plot(
            f"gate{gate}.{number}", {"en": f"Gate {gate} ({file})", "nl": f"Poort {gate} ({file})"}, SVG,
            ("population", "n", "%"), ((f"cells {gate}", count, "93.50"),), "S1", file,
        )
        for gate in (1, 2)
    ]  # fmt: skip


def test_every_picture_is_there_once_with_its_alternative_text() -> None:
    plots = [*drawn("a.fcs", 1, "90"), *drawn("b.fcs", 2, "100"), *drawn("c.fcs", 3, "70")]
    made = figures([*plots, Plot("curve", {"en": "Curve", "nl": "Curve"}, SVG)], "nl", LABELS["nl"])
    (group,) = made["groups"]
    assert [item["number"] for item in made["single"]] == ["1"]
    assert [item["title"] for item in group["large"]] == ["Poort 1", "Poort 2"]
    assert [item["number"] for item in group["small"]] == [
        "1 · bestand 2", "1 · bestand 3", "2 · bestand 2", "2 · bestand 3",
    ]  # fmt: skip
    alternatives = {item["alt"] for item in [*group["large"], *group["small"]]}
    assert len(alternatives) == 6
    assert "Poort 2 · S1 · c.fcs. population cells 2; n 70; % 93,50" in alternatives


def test_one_table_holds_the_numbers_of_all_files_side_by_side() -> None:
    plots = [plot for number in range(1, 8) for plot in drawn(f"{number}.fcs", number, str(number * 10))]
    (group,) = figures(plots, "nl", LABELS["nl"])["groups"]
    first, second = group["tables"]
    assert first["rows"][1] == ["2", "cells 2", *[f"{number * 10} · 93,50" for number in range(1, 6)]]
    assert second["columns"][2:] == ["Bestand 6: n · %", "Bestand 7: n · %"]
    assert second["rows"][0] == ["1", "cells 1", "60 · 93,50", "70 · 93,50"]


def test_a_nearly_empty_first_file_is_not_the_one_to_judge_by() -> None:
    assert largest_enough([*drawn("a", 1, "49"), *drawn("b", 2, "50"), *drawn("c", 3, "100")]) == "b"
    assert largest_enough(drawn("a", 1, "")) == "a"
