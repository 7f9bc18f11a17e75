"""JSON files hold what JSON can say, and who cannot be read names the step to run."""

import math
from pathlib import Path
from typing import Any

import pytest

from leukoscope_train.errors import DataError
from leukoscope_train.json_files import read_json, write_json


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (math.nan, None),
        (math.inf, None),
        (0.5, 0.5),
        ([1, (2.0, math.nan)], [1, [2.0, None]]),
        ({"a": {"b": -math.inf}}, {"a": {"b": None}}),
    ],
)
def test_what_is_no_number_becomes_null(
    tmp_path: Path, value: Any, expected: Any
) -> None:
    write_json(tmp_path / "a.json", value)
    assert read_json(tmp_path / "a.json") == expected


@pytest.mark.parametrize("text", [None, "", "{"])
def test_a_file_that_cannot_be_read_names_the_step_to_run(
    tmp_path: Path, text: str | None
) -> None:
    path = tmp_path / "plan.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(DataError, match=r"plan\.json: cannot be read.*run `fit` first"):
        read_json(path)
