from dataclasses import asdict
from pathlib import Path

import pytest
from tests.train.commands.small_run import PLAN
from tests.train.drawn_cells import draw_cells

from leukoscope_edge.vision import CropSpec
from leukoscope_train import run_folder
from leukoscope_train.data import Demographics, save_crops
from leukoscope_train.json_files import write_json


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """A prepared folder, a plan beside it."""
    folder = tmp_path / "run"
    folder.mkdir()
    crops = draw_cells()
    save_crops(folder / run_folder.CROPS, crops)
    spec = CropSpec(side_px=32, scale_um_per_px=0.6, colour="masked")
    write_json(folder / run_folder.SPEC, asdict(spec))
    write_json(folder / run_folder.PREPARED, {"n_cells": len(crops), "n_blasts": 24})
    people = {
        name: asdict(Demographics(sex="F")) for name in set(crops.people.tolist())
    }
    write_json(folder / run_folder.PEOPLE, people)
    (tmp_path / "tiny.toml").write_text(PLAN)
    return folder
