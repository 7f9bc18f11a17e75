"""One table says what a pixel of each set measures."""

import ast
from pathlib import Path

import pytest

from leukoscope_train.data import READERS, SET_SCALES
from leukoscope_train.data.set_scales import SetScale

ROOT = Path(__file__).parents[3]


def test_every_laboratory_that_is_gathered_has_a_scale() -> None:
    assert sorted(READERS) == sorted(SET_SCALES)


@pytest.mark.parametrize("ends", [(0.0, 0.2), (0.11, 0.2), (0.05, 0.09)])
def test_a_scale_lies_in_its_interval(ends: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match=r"0\.1 not in"):
        SetScale(um_per_px=0.1, low=ends[0], high=ends[1], source="nothing")


def test_cards_know_a_set_at_the_likeliest_scale_unless_told_otherwise() -> None:
    plain = SetScale(um_per_px=0.1, low=0.09, high=0.2, source="red cells")
    assert plain.card_um_per_px == 0.1
    assert SET_SCALES["wbc-fields"].card_um_per_px == 0.070


def numbers_of_scales(path: Path) -> list[int]:
    """Lines on which a constant or an argument named as a scale is a bare number."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Assign):
            named = [(ast.unparse(t), node.value) for t in node.targets]
        elif isinstance(node, ast.keyword):
            named = [(node.arg or "", node.value)]
        else:
            continue
        found += [
            node.lineno
            for name, value in named
            if name.lower() in ("um_per_px", "pbc_um_per_px", "set_um_per_px")
            and isinstance(value, (ast.Constant, ast.Dict))
            and not (isinstance(value, ast.Constant) and value.value is None)
        ]
    return found


def test_no_other_file_has_a_scale_of_its_own() -> None:
    own = ROOT / "train/leukoscope_train/data/set_scales.py"
    assert numbers_of_scales(own)  # it would be found
    others = [*(ROOT / "tools").glob("*.py"), *(ROOT / "train").rglob("*.py")]
    told = {p.name: numbers_of_scales(p) for p in others if p != own}
    assert {name: lines for name, lines in told.items() if lines} == {}
