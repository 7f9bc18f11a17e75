"""The service as it is started on a device: told to end, it leaves nothing half."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from leukoscope_edge.records.store import DATABASE_NAME
from leukoscope_edge.service.heartbeat import read_beat, run_folder

PATIENCE_S = 90.0


def wait_for(is_so: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def service(data: Path) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "leukoscope_edge", "serve"]
    command += ["--profile", "simulated", "--port", "0", "--data", str(data)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def is_idle(data: Path) -> bool:
    beats = {name: read_beat(run_folder(data), name) for name in ("page", "count")}
    count = beats["count"]
    return all(beats.values()) and count is not None and count.facts["mode"] == "idle"


@pytest.mark.slow
def test_told_to_end_it_writes_the_log_of_the_records_back(
    service: "subprocess.Popen[bytes]", data: Path
) -> None:
    wait_for(lambda: is_idle(data))
    service.terminate()
    assert service.wait(PATIENCE_S) == 0
    left = sorted(p.name for p in data.glob(f"{DATABASE_NAME}*"))
    assert left == [DATABASE_NAME]
