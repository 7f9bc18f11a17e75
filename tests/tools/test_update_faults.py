"""A few runs of each fault; `tools/update_faults.py` does hundreds."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "update_faults.py"
CAN_MOUNT = (
    os.geteuid() == 0
    and shutil.which("mkfs.ext4") is not None
    and Path("/dev/loop-control").exists()
)
needs_mount = pytest.mark.skipif(
    not CAN_MOUNT, reason="power cuts need root, mkfs.ext4 and loop devices"
)


def run(*arguments: str) -> tuple[int, Any]:
    done = subprocess.run(
        [sys.executable, str(TOOL), *arguments], capture_output=True, text=True
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_killed_at_random_instants_nothing_is_lost() -> None:
    status, report = run("kills", "--runs", "4")
    assert report["violations"] == []
    assert report["in the middle"] > 0
    assert status == 0


@needs_mount
@pytest.mark.slow
def test_the_power_cut_at_random_instants_nothing_is_lost() -> None:
    status, report = run("cuts", "--runs", "3")
    assert report["violations"] == []
    assert status == 0


@needs_mount
@pytest.mark.slow
def test_without_syncing_the_power_cuts_are_found_out() -> None:
    status, report = run("cuts", "--runs", "3", "--without-sync")
    assert report["violations"]
    assert status == 1


def test_most_bit_flips_are_told_apart() -> None:
    status, report = run("flips", "--flips", "20")
    assert status == 0
    for fates in report["fates"].values():
        assert sum(fates.values()) == 20
        assert len(fates) > 1


def test_a_large_install_is_weighed() -> None:
    status, report = run("cost", "--mib", "4")
    assert status == 0
    installer, trial = report["peak MiB by process"]
    assert 300 > installer >= trial > 30
