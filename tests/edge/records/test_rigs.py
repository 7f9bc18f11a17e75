"""The fault rigs themselves, a few rounds of each; `tools/` runs the full number."""

import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[3] / "tools"
EXIT_CANNOT = 77


def run(tool: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(TOOLS / tool), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.slow
def test_a_killed_process_loses_nothing_it_acknowledged() -> None:
    done = run("kill_storm.py", "--kills", "6", "--seed", "3")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 violations" in done.stdout


@pytest.mark.parametrize("said", ["ack judge-0001-1-1", "ack cells-0001-9,10"])
def test_the_storm_sees_a_lost_step(tmp_path: Path, said: str) -> None:
    log = tmp_path / "said.txt"
    log.write_text(said + "\n")
    done = run(
        "kill_storm.py", "--folder", str(tmp_path / "records"), "--check", str(log)
    )
    assert done.returncode == 1
    assert "was acknowledged and is lost" in done.stdout


@pytest.mark.slow
def test_a_power_cut_loses_nothing_acknowledged_and_a_lying_disk_is_seen() -> None:
    done = run("power_cut_records.py", "--cuts", "2")
    if done.returncode == EXIT_CANNOT:
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stdout + done.stderr
    lying = run("power_cut_records.py", "--cuts", "2", "--without-sync")
    assert lying.returncode == 1, lying.stdout + lying.stderr


def test_no_fault_of_disk_or_hand_takes_anything_back_without_a_word() -> None:
    done = run("record_faults.py", "--runs", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("silent 0") == 7
