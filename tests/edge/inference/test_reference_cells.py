"""Pictures of known cells ship for every kind that the default model tells apart."""

from pathlib import Path

import pytest

from leukoscope_edge.inference import open_bundle, shipped_bundle_for
from leukoscope_edge.inference.reference_cells import (
    FOLDER,
    SIDE_UM,
    TABLE_NAME,
    attribution,
    list_reference_cells,
    numbers_by_kind,
)

MOST_BYTES = 1_000_000


def kinds() -> tuple[str, ...]:
    entry = open_bundle(shipped_bundle_for("real")).card.kinds
    assert entry is not None
    return entry.names


def test_a_folder_with_an_empty_table_has_no_pictures(tmp_path: Path) -> None:
    (tmp_path / TABLE_NAME).write_text("file,kind,laboratory,source\n")
    assert list_reference_cells(tmp_path) == ()


@pytest.mark.parametrize("kind", kinds())
def test_each_kind_of_the_default_model_has_six_pictures(kind: str) -> None:
    assert len(numbers_by_kind()[kind]) == 6


def test_the_table_names_each_picture_once() -> None:
    named = sorted(cell.path for cell in list_reference_cells())
    assert named == sorted(FOLDER.glob("*.jpg"))


def test_the_attribution_names_each_laboratory_and_the_licence() -> None:
    told = attribution()
    assert "CC BY 4.0" in told
    for laboratory in {cell.laboratory for cell in list_reference_cells()}:
        assert f"\n{laboratory}: " in told


def test_the_pictures_are_small_and_as_wide_as_a_crop() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < MOST_BYTES
    spec = open_bundle(shipped_bundle_for("real")).card.input
    assert pytest.approx(spec.side_px * spec.scale_um_per_px) == SIDE_UM
