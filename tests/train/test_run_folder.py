"""A run's folder gives back what was written into it, or says which step is missing."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from tests.train.drawn_cells import draw_cells
from tests.train.tiny_plans import PLAN

from leukoscope_edge.inference import DecisionEntry, SpreadEntry
from leukoscope_train import run_folder
from leukoscope_train.data import Demographics
from leukoscope_train.errors import DataError
from leukoscope_train.evaluation import CallCalibration
from leukoscope_train.json_files import write_json


def test_a_further_run_shares_the_prepared_cells_and_nothing_else(
    tmp_path: Path,
) -> None:
    prepared, other = tmp_path / "prepared", tmp_path / "deep" / "other"
    prepared.mkdir()
    for name in (run_folder.CROPS, run_folder.SPEC, run_folder.REPORT):
        (prepared / name).write_text(name)
    for _ in range(2):  # once more changes nothing
        run_folder.share_crops(prepared, other)
    assert {p.name for p in other.iterdir()} == {run_folder.CROPS, run_folder.SPEC}
    assert (other / run_folder.CROPS).read_text() == run_folder.CROPS


def test_people_of_whom_nothing_is_known_are_no_error(tmp_path: Path) -> None:
    assert run_folder.load_people(tmp_path) == {}
    people = {"p1": Demographics(sex="F"), "p2": Demographics(age_years="7")}
    stored = {name: asdict(about) for name, about in people.items()}
    write_json(tmp_path / run_folder.PEOPLE, stored)
    assert run_folder.load_people(tmp_path) == people


def test_a_plan_comes_back_as_it_was_fitted(tmp_path: Path) -> None:
    write_json(tmp_path / run_folder.PLAN, {"plan": asdict(PLAN)})
    assert run_folder.load_plan(tmp_path) == PLAN


def test_margins_are_those_of_the_same_cells(tmp_path: Path) -> None:
    crops = draw_cells(4, 2)
    margins, fold_of = np.linspace(-1, 1, 8), np.arange(8) % 4
    run_folder.save_margins(tmp_path, margins, crops, fold_of)
    found = run_folder.load_margins(tmp_path, crops)
    assert np.array_equal(found[0], margins)
    assert np.array_equal(found[1], fold_of)
    with pytest.raises(DataError, match="of other cells"):
        run_folder.load_margins(tmp_path, crops.pick(np.arange(7)))
    with pytest.raises(DataError, match=r"no margins .*run `fit` first"):
        run_folder.load_margins(tmp_path / "none", crops)


def test_a_calibration_comes_back_as_it_was(tmp_path: Path) -> None:
    calibration = CallCalibration(
        decision=DecisionEntry(temperature=1.5, normal_to=0.3, blast_from=0.8),
        false_calls=SpreadEntry(alpha=1.0, beta=99.0, n_people=11),
        true_calls=SpreadEntry(alpha=90.0, beta=10.0, n_people=28),
    )
    run_folder.save_calibration(tmp_path, calibration)
    assert run_folder.load_calibration(tmp_path) == calibration
