"""The regulatory map and the risks: every row has its proof, or says what lacks."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from leukoscope_edge.config import read_toml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import make_maps  # noqa: E402
from make_maps import Control, RegulatoryMap, Requirement, Risk, Risks  # noqa: E402

MAP = read_toml(ROOT / make_maps.MAP, RegulatoryMap)
RISKS = read_toml(ROOT / make_maps.RISKS, Risks)
HONEST = Requirement(
    source="GDPR",
    clause="0",
    asks="a thing",
    feature="it is there",
    modules=("tools/make_maps.py",),
    tests=("tests/docs/test_maps.py::test_an_honest_requirement_passes",),
)


def problems(requirement: Requirement) -> str:
    alone = replace(MAP, requirement=(requirement,))
    return "\n".join(make_maps.map_problems(alone))


def test_an_honest_requirement_passes() -> None:
    assert problems(HONEST) == ""
    assert HONEST.status == "yes"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"feature": ""}, "neither a feature nor what is missing"),
        ({"modules": (), "tests": ()}, "no modules with tests, no document"),
        ({"tests": ()}, "modules and tests come together"),
        ({"modules": ("tools/none.py",)}, "there is no such file"),
        ({"documents": ("docs/none.md",)}, "there is no such file"),
        ({"tests": ("tests/docs/test_maps.py::test_none",)}, "there is no such test"),
        ({"tests": ("tests/docs/test_none.py::test_x",)}, "there is no such test"),
        ({"tests": ("tests/docs/test_maps.py",)}, "there is no such test"),
        ({"source": "nobody"}, "no source that is named"),
    ],
)
def test_a_requirement_without_its_proof_is_refused(
    change: dict[str, object], expected: str
) -> None:
    assert expected in problems(replace(HONEST, **change))


def test_two_rows_of_one_clause_are_refused() -> None:
    twice = replace(MAP, requirement=(HONEST, HONEST))
    assert "GDPR 0: stands twice" in list(make_maps.map_problems(twice))


@pytest.mark.parametrize(
    ("feature", "missing", "status"),
    [("a", "", "yes"), ("a", "b", "partly"), ("", "b", "no")],
)
def test_what_is_missing_decides_the_word(
    feature: str, missing: str, status: str
) -> None:
    assert replace(HONEST, feature=feature, missing=missing).status == status


def test_every_requirement_has_its_proof_or_says_what_is_missing() -> None:
    assert len(MAP.requirement) > 50
    assert {r.source for r in MAP.requirement} == {s.id for s in MAP.source}
    assert list(make_maps.map_problems(MAP)) == []


CONTROL = Control(kind="design", what="a thing", tests=HONEST.tests)
RISK = Risk(
    id="R0",
    situation="s",
    cause="c",
    harm="h",
    severity="minor",
    residual="some",
    controls=(CONTROL,),
)


@pytest.mark.parametrize(
    ("risk", "expected"),
    [
        (RISK, ""),
        (replace(RISK, controls=()), "has no control"),
        (replace(RISK, residual=""), "does not say what risk stays"),
        (replace(RISK, controls=(replace(CONTROL, tests=()),)), "says why not"),
        (replace(RISK, controls=(replace(CONTROL, unproved="x"),)), "not both"),
        (
            replace(RISK, controls=(replace(CONTROL, tests=("tests/x.py::t",)),)),
            "there is no such test",
        ),
    ],
)
def test_a_risk_without_its_proof_is_refused(risk: Risk, expected: str) -> None:
    found = "\n".join(make_maps.risk_problems(Risks(risk=(risk,))))
    assert expected in found
    assert bool(found) == bool(expected)


def test_every_control_of_a_risk_names_its_test_or_says_why_there_is_none() -> None:
    assert len(RISKS.risk) > 15
    assert list(make_maps.risk_problems(RISKS)) == []


def test_the_pages_are_what_the_command_makes() -> None:
    pages = {
        make_maps.MAP: make_maps.map_page(MAP),
        make_maps.RISKS: make_maps.risks_page(RISKS),
    }
    for source, page in pages.items():
        assert (ROOT / source.with_suffix(".md")).read_text() == page
