"""`leukoscope doctor`: is this machine fit for the device, and if not, what cures it.

Looks at the machine, changes nothing, and needs no running service. Each look is a
function from `MachineFacts` to a `Finding`; what it reads is named in those facts, so
that a test can hold another one up to it.
"""

import argparse
import json
import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from enum import Enum
from importlib.util import find_spec
from pathlib import Path

from leukoscope_edge.capture import FIRST_STREAM, STABLE_NAMES
from leukoscope_edge.cli.data import add_data
from leukoscope_edge.cli.help import add_command
from leukoscope_edge.errors import LeukoscopeError
from leukoscope_edge.inference import open_bundle, shipped_bundles
from leukoscope_edge.inference.nvidia import MODULES, has_driver
from leukoscope_edge.profile import BOARD_NAME, JETSON_RELEASE, board_profile
from leukoscope_edge.records.exports import OWN, SUMS_NAME, digest_of, read_sums
from leukoscope_edge.service import Room, room_left

EXIT_DONE, EXIT_FAILED = 0, 1
MIN_MEMORY_BYTES = 1_500_000_000
"""A Raspberry Pi 4 of 2 GB; a slide and the page take 0.8 GB (tools/soak.py)."""
PYTHONS = (3, 10), (3, 13)
OWN_DATE = Path(__file__)
"""No right clock is earlier than the day on which this program was installed."""


class CheckState(str, Enum):
    """How a finding weighs."""

    GOOD = "ok"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one look found.

    Attributes:
        name: Of what was looked at.
        state: Whether the device can work with it; a note is no obstacle.
        found: What is there.
        cure: What to do, "" where nothing.
    """

    name: str
    state: CheckState
    found: str
    cure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineFacts:
    """What is looked at.

    Attributes:
        data: The device's folder.
        cameras: Where USB cameras have their stable names.
        board: Where a board has its name.
        release: Where a Jetson names its system.
        meminfo: Where the kernel says how much memory there is.
        fonts: Where the fonts lie.
        now: What the clock says, UTC.
        has_driver: Says whether there is an NVIDIA driver.
        has_module: Says whether Python would find a module of a name.
    """

    data: Path
    cameras: Path = STABLE_NAMES
    board: Path = BOARD_NAME
    release: Path = JETSON_RELEASE
    meminfo: Path = Path("/proc/meminfo")
    fonts: Path = OWN
    now: datetime
    has_driver: Callable[[], bool] = has_driver
    has_module: Callable[[str], bool] = lambda name: find_spec(name) is not None


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    doctor = add_command(
        commands,
        "doctor",
        "Looks at board, memory, disk, permissions, clock, camera, GPU, models\n"
        "and fonts; changes nothing. Exit 1 where something must be put right.",
        ("leukoscope doctor", "leukoscope doctor --data /var/lib/leukoscope --json"),
    )
    doctor.set_defaults(run=_doctor)
    add_data(doctor)
    doctor.add_argument("--json", action="store_true", help="as one JSON list")


def _doctor(options: argparse.Namespace) -> int:
    machine = MachineFacts(data=options.data, now=datetime.now(timezone.utc))
    findings = [look(machine) for look in LOOKS]
    if options.json:
        print(json.dumps([asdict(f) for f in findings], indent=1))
    else:
        for finding in findings:
            print(f"{finding.state.value:<5}{finding.name:<13}{finding.found}")
            if finding.cure:
                print(f"{'':<18}-> {finding.cure}")
    is_bad = any(f.state is CheckState.BAD for f in findings)
    return EXIT_FAILED if is_bad else EXIT_DONE


def look_at_python(_: MachineFacts) -> Finding:
    """Is the interpreter one that the device is tested with?"""
    found = f"Python {platform.python_version()} on {platform.machine()}"
    if PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]:
        return Finding(name="python", state=CheckState.GOOD, found=found)
    cure = "install Python 3.10 to 3.13, and the device anew with it"
    return Finding(name="python", state=CheckState.BAD, found=found, cure=cure)


def look_at_board(machine: MachineFacts) -> Finding:
    """Is there a profile for this board?"""
    try:
        name = machine.board.read_text().strip("\0\n")
    except OSError:
        found = "no device tree: a PC"
        return Finding(name="board", state=CheckState.GOOD, found=found)
    try:
        profile = board_profile(name, _release(machine))
    except LeukoscopeError as err:
        cure = "name a profile with --profile (`leukoscope profile list`)"
        return Finding(
            name="board", state=CheckState.NOTE, found=f"{name}: {err}", cure=cure
        )
    found = f"{name}: profile {profile.name}"
    return Finding(name="board", state=CheckState.GOOD, found=found)


def _release(machine: MachineFacts) -> str:
    """Return what the board's system is called; "" where it is no Jetson."""
    try:
        return machine.release.read_text()
    except OSError:
        return ""


def look_at_memory(machine: MachineFacts) -> Finding:
    """Is there memory for a slide and the page?"""
    first = machine.meminfo.read_text().split("\n", 1)[0].split()
    total = int(first[1]) * 1024
    found = f"{total / 1e9:.1f} GB"
    if total >= MIN_MEMORY_BYTES:
        return Finding(name="memory", state=CheckState.GOOD, found=found)
    cure = "take a board with 2 GB at least, or end other programs"
    return Finding(name="memory", state=CheckState.BAD, found=found, cure=cure)


def look_at_disk(machine: MachineFacts) -> Finding:
    """Is there room for slides?"""
    free = shutil.disk_usage(_existing(machine.data)).free
    found = f"{free / 1e9:.1f} GB free for {machine.data}"
    states = {
        Room.GOOD: CheckState.GOOD,
        Room.WARN: CheckState.NOTE,
        Room.FULL: CheckState.BAD,
    }
    room = room_left(free)
    cure = "" if room is Room.GOOD else "make a backup and take old pictures away"
    return Finding(name="disk", state=states[room], found=found, cure=cure)


def look_at_permissions(machine: MachineFacts) -> Finding:
    """May this user write where the records lie?"""
    folder = _existing(machine.data)
    owner = folder.stat().st_uid
    if os.access(folder, os.W_OK | os.X_OK):
        found = f"{folder} can be written to"
        return Finding(name="permissions", state=CheckState.GOOD, found=found)
    found, cure = why_not_written(owner, os.geteuid())
    return Finding(
        name="permissions", state=CheckState.BAD, found=f"{folder} {found}", cure=cure
    )


def why_not_written(owner: int, user: int) -> tuple[str, str]:
    """Return why a user cannot write into an owner's folder, and the cure."""
    if owner == user:
        found = "is yours, and cannot be written to"
        return found, "take its disk's write protection away, or name another --data"
    found = f"belongs to user {owner}, and you are {user}"
    return (
        found,
        "run this as that user (`sudo -u USER leukoscope ...`), or name --data",
    )


def look_at_clock(machine: MachineFacts) -> Finding:
    """Is it at least as late as when this program was installed?"""
    found = f"{machine.now:%Y-%m-%d %H:%M} UTC"
    if machine.now.timestamp() >= OWN_DATE.stat().st_mtime:
        return Finding(name="clock", state=CheckState.GOOD, found=found)
    cure = "set it on the Device page, or with `timedatectl set-time`"
    return Finding(name="clock", state=CheckState.BAD, found=found, cure=cure)


def look_at_camera(machine: MachineFacts) -> Finding:
    """Is there exactly one camera, and may this user open it?"""
    found = sorted(machine.cameras.glob(FIRST_STREAM))
    has_picamera = machine.has_module("picamera2")
    if not found:
        what = "no USB camera"
        if has_picamera:
            what += "; picamera2 is installed, for one on the ribbon"
            return Finding(name="camera", state=CheckState.GOOD, found=what)
        cure = "plug it in; the simulated slide and files need none"
        return Finding(name="camera", state=CheckState.NOTE, found=what, cure=cure)
    names = ", ".join(p.name for p in found)
    if not all(os.access(p, os.R_OK | os.W_OK) for p in found):
        cure = "add this user to the group `video`, and sign in anew"
        return Finding(name="camera", state=CheckState.BAD, found=names, cure=cure)
    if len(found) > 1:
        cure = "name the one that is meant in the profile"
        return Finding(name="camera", state=CheckState.NOTE, found=names, cure=cure)
    return Finding(name="camera", state=CheckState.GOOD, found=names)


def look_at_gpu(machine: MachineFacts) -> Finding:
    """Can TensorRT serve? The CPU serves where it cannot."""
    if not machine.has_driver():
        found = "no NVIDIA driver: the CPU serves"
        return Finding(name="gpu", state=CheckState.GOOD, found=found)
    if not any(map(machine.has_module, MODULES.values())):
        found = "an NVIDIA driver, and no TensorRT for this Python: the CPU serves"
        cure = (
            "a Jetson: make the environment with --system-site-packages; a PC: install "
            "leukoscope[rtx]"
        )
        return Finding(name="gpu", state=CheckState.NOTE, found=found, cure=cure)
    found = "an NVIDIA driver and TensorRT"
    return Finding(name="gpu", state=CheckState.GOOD, found=found)


def look_at_models(_: MachineFacts) -> Finding:
    """Are the shipped models whole?"""
    try:
        ids = [open_bundle(f).card.id for f in shipped_bundles().values()]
    except LeukoscopeError as err:
        cure = "install the device anew: its files are damaged"
        return Finding(name="models", state=CheckState.BAD, found=str(err), cure=cure)
    return Finding(name="models", state=CheckState.GOOD, found=", ".join(ids))


def look_at_fonts(machine: MachineFacts) -> Finding:
    """Are the fonts of page and paper whole?"""
    sums = read_sums(machine.fonts)
    wrong = [n for n, digest in sums.items() if digest_of(machine.fonts / n) != digest]
    if sums and not wrong:
        found = f"{len(sums)} files"
        return Finding(name="fonts", state=CheckState.GOOD, found=found)
    found = f"missing or changed: {', '.join(wrong) or SUMS_NAME}"
    cure = "install the device anew: its files are damaged"
    return Finding(name="fonts", state=CheckState.BAD, found=found, cure=cure)


def _existing(folder: Path) -> Path:
    """Return a folder, or the nearest above it that is there."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


LOOKS: tuple[Callable[[MachineFacts], Finding], ...] = (
    look_at_python,
    look_at_board,
    look_at_memory,
    look_at_disk,
    look_at_permissions,
    look_at_clock,
    look_at_camera,
    look_at_gpu,
    look_at_models,
    look_at_fonts,
)
