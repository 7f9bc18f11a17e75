from dataclasses import asdict
from pathlib import Path

import pytest

from leukoscope_export.runs import read_run
from leukoscope_train import work
from leukoscope_train.cells import DataError
from leukoscope_train.plan import FitPlan


def test_a_plan_that_no_device_can_follow_is_never_exported(tmp_path: Path) -> None:
    plan = asdict(FitPlan(contrast="clahe"))
    work.write_json(tmp_path / work.PLAN, {"plan": plan})
    with pytest.raises(DataError, match="no device raises"):
        read_run(tmp_path)
