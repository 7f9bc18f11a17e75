"""A counting process that may not count: it says why, and leaves when it is told."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from tests.waiting import PATIENCE_S, wait_for

from leukoscope_edge.live import Command, Mode, News, Order, keep_closed
from leukoscope_edge.live.channel import call
from leukoscope_edge.service import run_folder
from leukoscope_edge.service.heartbeat import make_run_folder, read_beat

COUNT = """
import sys
from pathlib import Path
from leukoscope_edge.cli.count import run_count
from leukoscope_edge.profile import CameraEntry, PageEntry, Profile
camera = CameraEntry(source="simulated:cells=4", frames_per_second=30.0)
profile = Profile(
    name="test", camera=camera, page=PageEntry(), data_dir="unused", n_threads=1
)
data, safe = Path(sys.argv[1]), sys.argv[2]
sys.exit(run_count(profile, data, safe=safe, is_cpu_only=True))
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    make_run_folder(run_folder(tmp_path))
    return tmp_path


@contextmanager
def counting(data: Path, safe: str = "") -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen([sys.executable, "-c", COUNT, str(data), safe]) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def called(data: Path) -> Iterator[Connection]:
    wait_for(lambda: read_beat(run_folder(data), "count"))
    with call(run_folder(data)) as line:
        yield line


def heard(line: Connection) -> News:
    assert line.poll(PATIENCE_S)
    return News.from_message(line.recv_bytes())


def test_in_the_safe_state_it_says_why_and_leaves_when_told(data: Path) -> None:
    with counting(data, "three failures in a row") as process:
        with called(data) as line:
            news = heard(line)
            assert news.mode is Mode.FAILED
            assert "three failures in a row" in news.facts["instruction"]
            line.send_bytes(Order(do=Command.COUNT, slide="0001").message())
            assert heard(line).mode is Mode.FAILED
            line.send_bytes(Order(do=Command.LEAVE).message())
        assert process.wait(PATIENCE_S) == 0


def test_a_signal_ends_it_as_an_order_does(data: Path) -> None:
    with counting(data, "why") as process:
        wait_for(lambda: read_beat(run_folder(data), "count"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0


def test_while_records_are_put_back_it_opens_none_and_ends_soon(data: Path) -> None:
    keep_closed(data)
    with counting(data) as process:
        assert process.wait(PATIENCE_S) == 0
    assert not list(data.iterdir())
