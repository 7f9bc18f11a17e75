"""The figures of every pass go on after a resume, as JSON and for TensorBoard."""

import json
from pathlib import Path

from leukoscope_train.history import History, history_path


def test_a_resumed_history_goes_on_where_it_was() -> None:
    first = History()
    first.add(0, {"loss": 0.7})
    resumed = History()
    resumed.load_state_dict(first.state_dict())
    resumed.add(1, {"loss": 0.5})
    assert resumed.rows == [{"epoch": 0.0, "loss": 0.7}, {"epoch": 1.0, "loss": 0.5}]
    assert len(first.rows) == 1


def test_a_row_that_was_loaded_is_no_longer_the_checkpoint_s() -> None:
    state = {"rows": [{"epoch": 0.0, "loss": 0.7}]}
    history = History()
    history.load_state_dict(state)
    history.rows[0]["loss"] = 0.0
    assert state["rows"][0]["loss"] == 0.7


def test_all_rows_lie_beside_the_checkpoint(tmp_path: Path) -> None:
    checkpoint = tmp_path / "fold0.ckpt"
    history = History()
    for epoch, loss in enumerate((0.7, 0.5)):
        history.add(epoch, {"loss": loss})
        history.write(checkpoint)
    path = history_path(checkpoint)
    assert path == tmp_path / "fold0.history.json"
    assert json.loads(path.read_text()) == history.rows
    assert len(list((tmp_path / "tensorboard" / "fold0").iterdir())) >= 1
