"""Which cells are prepared."""

from pathlib import Path

import numpy as np
import pytest
from tests.train.commands.small_run import run
from tests.train.data.tables import write_table

from leukoscope_train import run_folder
from leukoscope_train.commands.data import training_cells
from leukoscope_train.data import load_crops, read_cells


def test_only_the_training_split_is_prepared(tmp_path: Path) -> None:
    table = write_table(
        tmp_path,
        "path,label,subject,split",
        "0.png,blast,p1,train",
        "1.png,normal,p2,held-out",
    )
    files = training_cells(read_cells(table)).files
    assert [f.person for f in files] == ["P1"]


def test_a_thinned_folder_keeps_everybody_with_fewer_cells(prepared: Path) -> None:
    thin = prepared.parent / "thin"
    assert run("thin", prepared, "--most", 2, "--work", thin) == 0
    crops, before = (load_crops(f / run_folder.CROPS) for f in (thin, prepared))
    people, n_cells = np.unique(crops.people, return_counts=True)
    assert people.tolist() == np.unique(before.people).tolist()
    assert set(n_cells.tolist()) == {2}
    assert set(crops.names.tolist()) <= set(before.names.tolist())
    assert run_folder.load_people(thin) == run_folder.load_people(prepared)
    with pytest.raises(SystemExit, match="2"):
        run("thin", prepared, "--most", 0, "--work", thin)
    assert run("thin", prepared, "--most", 2, "--work", prepared) == 1
    assert len(load_crops(prepared / run_folder.CROPS)) == len(before)
