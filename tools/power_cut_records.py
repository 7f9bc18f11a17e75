"""Cut the power of a recording process at random instants, on a loop device.

A child (tools/kill_storm.py) keeps slides on an ext4 file system inside a file. At a
random instant the child is stopped and the file is copied: what a disk would hold if
the plug were pulled then. The copy is mounted, which replays the file system's journal,
and compared with what the child had acknowledged.

    sudo python tools/power_cut_records.py --cuts 50
    sudo python tools/power_cut_records.py --cuts 5 --without-sync   # must fail

Limits: the disk itself does not lie or tear sectors. Needs root, loop devices and
mkfs.ext4. Exit 0: no violation. 1: some, which are printed. 77: cannot run here.
"""

import argparse
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

IMAGE_BYTES = 256 << 20
MAX_WAIT_S = 0.6
"""Longest time between two cuts: some steps of the child, a report among them."""
STORM = Path(__file__).with_name("kill_storm.py")
EXIT_VIOLATED, EXIT_CANNOT = 1, 77


def why_not() -> str | None:
    """Return why the rig cannot run here, None where it can."""
    if os.geteuid() != 0:
        return "needs root"
    if shutil.which("mkfs.ext4") is None:
        return "needs mkfs.ext4"
    if not Path("/dev/loop-control").exists():
        return "needs loop devices"
    return None


def _run(*command: object) -> None:
    subprocess.run([str(c) for c in command], check=True, capture_output=True)  # noqa: S603


@contextmanager
def _mounted(image: Path, folder: Path) -> Iterator[Path]:
    folder.mkdir(exist_ok=True)
    _run("mount", "-o", "loop", image, folder)
    try:
        yield folder
    finally:
        _run("umount", folder)


@contextmanager
def _child(folder: Path, *, is_synced: bool) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, str(STORM), "--record", "--folder", str(folder)]
    command += [] if is_synced else ["--without-sync"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:  # noqa: S603
        try:
            yield child
        finally:
            child.kill()


def _first_words(child: "subprocess.Popen[bytes]") -> bytes:
    """Wait until a child acknowledges its first step."""
    said = b""
    while child.stdout is not None and b"ack " not in said:
        said += child.stdout.readline()
    return said


def _said(child: "subprocess.Popen[bytes]") -> bytes:
    """Return what a stopped child has written to its pipe."""
    if child.stdout is None:
        return b""
    said = b""
    while select.select([child.stdout], [], [], 0)[0]:
        part = os.read(child.stdout.fileno(), 1 << 16)
        if not part:
            raise SystemExit("the child has ended by itself")
        said += part
    return said


def _whole_lines(said: bytes) -> bytes:
    return said[: said.rfind(b"\n") + 1]


def _copy_at_one_instant(image: Path, copy: Path) -> None:
    """Copy an image while the kernel writes nothing to it, or copy it anew.

    The child stands still, but the file system writes its journal back by itself: a
    copy that is half before and half after that is no state of any disk.
    """
    before = -1
    while (now := _n_writes(image)) != before:
        before = now
        _run("cp", "--sparse=always", image, copy)


def _n_writes(image: Path) -> int:
    """Return how often an image's loop device was written to (kernel's stat.rst)."""
    command = ["losetup", "--noheadings", "--output", "NAME", "--associated", image]
    found = subprocess.run(  # noqa: S603
        [str(c) for c in command], check=True, capture_output=True, text=True
    )
    device = Path(found.stdout.split()[0]).name
    return int(Path(f"/sys/block/{device}/stat").read_text().split()[4])


def _violations(image: Path, work: Path, said: bytes) -> list[str]:
    """Copy the image as a cut would leave it, mount the copy and check it."""
    copy, log = work / "cut.img", work / "said.txt"
    _copy_at_one_instant(image, copy)
    log.write_bytes(_whole_lines(said))
    with _mounted(copy, work / "after") as after:
        command = [sys.executable, str(STORM), "--folder", str(after / "records")]
        check = subprocess.run(  # noqa: S603
            [*command, "--check", str(log)], capture_output=True, text=True
        )
    if check.returncode == 0:
        return []
    return (check.stdout + check.stderr).strip().splitlines()


def cut_often(n_cuts: int, seed: int, *, is_synced: bool) -> tuple[int, list[str]]:
    """Cut the power and return how often something was wrong, and what.

    Args:
        n_cuts: How often.
        seed: Of the instants.
        is_synced: False makes every sync of the child a lie.
    """
    rng, n_bad, found, said = random.Random(seed), 0, [], b""  # noqa: S311
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        image = work / "disk.img"
        _run("truncate", "-s", IMAGE_BYTES, image)
        _run("mkfs.ext4", "-q", "-F", image)
        with (
            _mounted(image, work / "disk") as disk,
            _child(disk / "records", is_synced=is_synced) as child,
        ):
            said += _first_words(child)
            for cut in range(n_cuts):
                time.sleep(rng.random() * MAX_WAIT_S)
                child.send_signal(signal.SIGSTOP)
                said += _said(child)
                bad = _violations(image, work, said)
                n_bad += bool(bad)
                found += [f"cut {cut}: {line}" for line in bad]
                child.send_signal(signal.SIGCONT)
    print(f"{n_cuts} cuts, {said.count(b'ack ')} steps acknowledged, {n_bad} cuts bad")
    return n_bad, found


def main() -> int:
    """Cut as often as asked and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cuts", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without-sync", action="store_true", help="must fail")
    options = parser.parse_args()
    reason = why_not()
    if reason is not None:
        print(f"the power-cut rig cannot run here: {reason}")
        return EXIT_CANNOT
    n_bad, found = cut_often(
        options.cuts, options.seed, is_synced=not options.without_sync
    )
    for line in found:
        print(line)
    return EXIT_VIOLATED if n_bad else 0


if __name__ == "__main__":
    sys.exit(main())
