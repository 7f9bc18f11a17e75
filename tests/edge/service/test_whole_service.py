"""The service as it is started on a device: told to end, it leaves nothing half."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.waiting import PATIENCE_S, wait_for

from leukoscope_edge.records import DATABASE_NAME
from leukoscope_edge.service import run_folder
from leukoscope_edge.service.heartbeat import read_beat


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


AS_ANYBODY = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
"""Root may look into everything; without these capabilities it may not either."""


@contextmanager
def running(data: Path, *before: str) -> Iterator["subprocess.Popen[bytes]"]:
    command = [*before, sys.executable, "-m", "leukoscope_edge", "serve"]
    command += ["--profile", "simulated", "--port", "0", "--data", str(data)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            shutil.rmtree(run_folder(data), ignore_errors=True)


@pytest.fixture
def service(data: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with running(data) as process:
        yield process


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a device that was at work."""
    data = tmp_path_factory.mktemp("used") / "data"
    with running(data) as service:
        wait_for(lambda: is_idle(data))
        service.terminate()
        service.wait(PATIENCE_S)
    return data


@contextmanager
def without_rights(path: Path) -> Iterator[None]:
    mode = path.stat().st_mode
    path.chmod(0)
    try:
        yield
    finally:
        path.chmod(mode)


def facts_of(data: Path, part: str) -> dict[str, Any]:
    beat = read_beat(run_folder(data), part)
    return beat.facts if beat is not None else {}


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


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [".", "records.sqlite", ".records-open", "keys", "people", "models"]
)
def test_without_rights_the_page_says_what_to_do(
    used: Path, tmp_path: Path, name: str
) -> None:
    """The page, the count, and neither ends for it."""
    data = tmp_path / "data"
    shutil.copytree(used, data)
    before = AS_ANYBODY if os.geteuid() == 0 else []
    with running(data, *before) as service, without_rights(data / name):
        wait_for(lambda: "trouble" in facts_of(data, "page"))
        why = facts_of(data, "page")["trouble"]
        assert service.poll() is None
    assert "Permission denied: give it to user" in why
    assert f"chown -R {os.geteuid()}" in why
    assert str(data / name).rstrip(".") in why


@pytest.mark.slow
def test_a_copy_that_cannot_be_made_stops_nothing(used: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(used, data)
    before = AS_ANYBODY if os.geteuid() == 0 else []
    with running(data, *before) as service, without_rights(data / "copy"):
        wait_for(lambda: is_idle(data))
        assert service.poll() is None
        assert "trouble" not in facts_of(data, "page")
