"""Records that stay closed while they are put back."""

import threading
from pathlib import Path

import pytest

from leukoscope_edge.live import closing
from leukoscope_edge.live.closing import closed, is_closed, keep_closed, open_again
from leukoscope_edge.records import open_store
from leukoscope_edge.service import run_folder
from leukoscope_edge.service.heartbeat import make_run_folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    make_run_folder(run_folder(tmp_path))
    return tmp_path


def test_the_mark_stands_as_long_as_the_records_are_closed(data: Path) -> None:
    assert not is_closed(data)
    with pytest.raises(ValueError, match="stop"), closed(data):
        assert is_closed(data)
        raise ValueError("stop")
    assert not is_closed(data)
    keep_closed(data)
    open_again(data)
    open_again(data)
    assert not is_closed(data)


def test_it_waits_for_a_program_that_still_has_them_open(data: Path) -> None:
    store = open_store(data)
    threading.Timer(0.5, store.close).start()
    with closed(data), open_store(data) as again:
        assert again.reader.slides() == []


def test_it_does_not_wait_for_ever(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closing, "LEAVE_WITHIN_S", 0.2)
    with open_store(data), closed(data):
        assert is_closed(data)  # the restore itself refuses then
