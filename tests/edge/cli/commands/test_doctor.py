"""The doctor looks at a machine that is held up to it."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from leukoscope_edge.cli import main
from leukoscope_edge.cli.commands import doctor
from leukoscope_edge.cli.commands.doctor import CheckState, MachineFacts
from leukoscope_edge.records.exports import OWN, SUMS_NAME, read_sums
from leukoscope_edge.service.disk import BYTES_PER_SLIDE, REFUSE_SLIDES, WARN_SLIDES


@pytest.fixture
def machine(tmp_path: Path) -> MachineFacts:
    """A PC of 8 GB with one camera."""
    (tmp_path / "cameras").mkdir()
    (tmp_path / "cameras" / "usb-one-video-index0").touch()
    (tmp_path / "meminfo").write_text("MemTotal:        8000000 kB\n")
    return MachineFacts(
        data=tmp_path / "data",
        cameras=tmp_path / "cameras",
        board=tmp_path / "no-board",
        meminfo=tmp_path / "meminfo",
        now=datetime(2999, 1, 1, tzinfo=timezone.utc),
    )


def test_a_good_machine_is_good(machine: MachineFacts) -> None:
    looks = (
        *(doctor.look_at_board, doctor.look_at_memory, doctor.look_at_permissions),
        *(doctor.look_at_clock, doctor.look_at_camera, doctor.look_at_models),
        doctor.look_at_fonts,
    )
    assert {look(machine).state for look in looks} == {CheckState.GOOD}


@pytest.mark.parametrize(
    ("owner", "user", "cure"),
    [(0, 0, "write protection"), (1000, 1000, "write protection"), (0, 7, "that user")],
)
def test_a_folder_that_cannot_be_written_to_has_the_cure_that_helps(
    owner: int, user: int, cure: str
) -> None:
    assert cure in doctor.why_not_written(owner, user)[1]


def missing(folder: Path) -> str:
    (folder / "NotoSans-Bold.ttf").unlink()
    return "NotoSans-Bold.ttf"


def changed(folder: Path) -> str:
    data = bytearray((folder / "NotoSansArabic-Regular.woff2").read_bytes())
    data[1000] ^= 1
    (folder / "NotoSansArabic-Regular.woff2").write_bytes(data)
    return "NotoSansArabic-Regular.woff2"


def without_sums(folder: Path) -> str:
    (folder / SUMS_NAME).unlink()
    return SUMS_NAME


def with_other_sums(folder: Path) -> str:
    (folder / SUMS_NAME).write_bytes(b"\xff\n")
    return SUMS_NAME


@pytest.mark.parametrize("spoil", [missing, changed, without_sums, with_other_sums])
def test_a_font_that_is_not_whole_is_named(
    machine: MachineFacts, tmp_path: Path, spoil: Callable[[Path], str]
) -> None:
    folder = Path(shutil.copytree(OWN, tmp_path / "fonts"))
    found = replace(machine, fonts=folder)
    assert doctor.look_at_fonts(found).state is CheckState.GOOD
    name = spoil(folder)
    assert doctor.look_at_fonts(found).found == f"missing or changed: {name}"


def test_every_font_has_its_sum() -> None:
    fonts = {p.name for p in OWN.iterdir() if p.suffix in (".ttf", ".woff2")}
    assert set(read_sums(OWN)) == fonts


@pytest.mark.parametrize(
    ("free", "state"),
    [
        (REFUSE_SLIDES * BYTES_PER_SLIDE - 1, CheckState.BAD),
        (REFUSE_SLIDES * BYTES_PER_SLIDE, CheckState.NOTE),
        (WARN_SLIDES * BYTES_PER_SLIDE - 1, CheckState.NOTE),
        (WARN_SLIDES * BYTES_PER_SLIDE, CheckState.GOOD),
    ],
)
def test_room_on_the_disk_is_judged_as_the_service_judges_it(
    machine: MachineFacts, free: int, state: CheckState, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []

    def disk_usage(folder: Path) -> Any:
        asked.append(folder)
        return SimpleNamespace(free=free)

    monkeypatch.setattr("shutil.disk_usage", disk_usage)
    finding = doctor.look_at_disk(machine)
    assert (finding.name, finding.state) == ("disk", state)
    assert finding.found == f"{free / 1e9:.1f} GB free for {machine.data}"
    assert ("make a backup" in finding.cure) == (state is not CheckState.GOOD)
    assert asked == [machine.data.parent]  # the records' own folder is still to be made


def test_little_memory_is_bad(machine: MachineFacts) -> None:
    machine.meminfo.write_text("MemTotal: 900000 kB\n")
    assert doctor.look_at_memory(machine).state is CheckState.BAD


def test_a_clock_behind_the_installation_is_bad(machine: MachineFacts) -> None:
    early = replace(machine, now=datetime(2001, 1, 1, tzinfo=timezone.utc))
    finding = doctor.look_at_clock(early)
    assert finding.state is CheckState.BAD
    assert "timedatectl" in finding.cure


def test_no_camera_and_two_are_noted(machine: MachineFacts) -> None:
    (machine.cameras / "usb-two-video-index0").touch()
    assert "name the one" in doctor.look_at_camera(machine).cure
    for camera in machine.cameras.iterdir():
        camera.unlink()
    assert doctor.look_at_camera(machine).found.startswith("no USB camera")


def test_a_board_without_a_profile_is_noted(machine: MachineFacts) -> None:
    machine.board.write_text("Toaster 3\0")
    finding = doctor.look_at_board(machine)
    assert finding.state is CheckState.NOTE
    assert finding.found.startswith("Toaster 3: ")


def test_every_finding_that_is_not_good_has_a_cure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["doctor", "--json", "--data", str(tmp_path)])
    findings = json.loads(capsys.readouterr().out)
    assert len(findings) == len(doctor.LOOKS)
    assert all(f["cure"] for f in findings if f["state"] != "ok")
    assert status == int(any(f["state"] == "bad" for f in findings))
    assert main(["doctor", "--data", str(tmp_path)]) == status
    assert "models" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("has_driver", "installed", "state", "found"),
    [
        (False, "tensorrt", "GOOD", "no NVIDIA driver: the CPU serves"),
        (True, "", "NOTE", "an NVIDIA driver, and no TensorRT for this Python"),
        (True, "tensorrt", "GOOD", "an NVIDIA driver and TensorRT"),
        (True, "tensorrt_rtx_bindings", "GOOD", "an NVIDIA driver and TensorRT"),
    ],
)
def test_a_gpu_serves_by_any_of_the_runtimes(
    machine: MachineFacts,
    *,
    has_driver: bool,
    installed: str,
    state: str,
    found: str,
) -> None:
    finding = doctor.look_at_gpu(
        replace(
            machine,
            has_driver=lambda: has_driver,
            has_module=lambda name: name == installed,
        )
    )
    assert finding.state is doctor.CheckState[state]
    assert finding.found.startswith(found)
    assert bool(finding.cure) == (state == "NOTE")
