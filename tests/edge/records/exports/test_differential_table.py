"""The differential of a version of a slide as a table."""

from typing import Any

from tests.edge.records.exports.reading import observations

from leukoscope_edge.records.exports.differential_table import table
from leukoscope_edge.records.exports.facts import facts
from leukoscope_edge.records.exports.slide_version import open_dossier


def test_shares_limits_and_numbers_stand_in_the_table(
    bench: Any, kinds_slide: Any, verdict: Any
) -> None:
    dossier = open_dossier(bench.store, kinds_slide(verdict, wbc=5.0))
    rows = {r.kind: r for r in table(dossier)}
    assert rows["neutrophil"].cells()[1:] == (
        "6",
        "60.0",
        "26.2–87.8",
        "40–75",
        "3.00",
    )
    assert rows["eosinophil"].mark == "+"
    assert rows["erythroblast"].share == "20.0 / 100"
    assert rows["smudge"].share == "10.0 / 100"


def test_a_refusal_has_no_differential(
    bench: Any, kinds_slide: Any, refusal: Any
) -> None:
    dossier = open_dossier(bench.store, kinds_slide(refusal))
    assert table(dossier) == ()
    assert not any(f.group for f in facts(dossier))
    assert list(observations(dossier)) == ["26446-5"]
