from dataclasses import asdict
from pathlib import Path

import pytest

from leukoscope_export.runs import read_run
from leukoscope_train import run_folder
from leukoscope_train.errors import DataError
from leukoscope_train.json_files import write_json
from leukoscope_train.plan import FitPlan


def test_a_plan_that_no_device_can_follow_is_never_exported(tmp_path: Path) -> None:
    plan = asdict(FitPlan(contrast="clahe"))
    write_json(tmp_path / run_folder.PLAN, {"plan": plan})
    with pytest.raises(DataError, match="no device raises"):
        read_run(tmp_path)
