"""Break the device in twenty ways and write down what came of it.

    python tools/faults.py                       # as root, some ten minutes
    chrt -r 1 python tools/faults.py --runs 3 --kills 67 --out docs/faults.md

With `chrt -r 1` the live faults have the cores to themselves, as on a device, whatever
else the machine does; the tests give them back.

A fault is either done to the whole running service, as often as `--runs` says, with the
time from the end of the fault until it is back at work; or it is done by tests in
`tests/`, which are run and counted. A violation is a failed test, a lost or doubled
cell, a broken audit chain, a verdict that nobody asked for, or no recovery at all. One
that comes later than promised is late. Exit 1 where there is either.
"""

import argparse
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for tests/rigs

from tests.rigs.fault_deeds import (
    Rig,
    ViolationError,
    run,
)
from tests.rigs.fault_table import FAULTS, Fault
from tests.rigs.running_service import Device, running

ROOT = Path(__file__).resolve().parents[1]
MARK = "<!-- the table: python tools/faults.py --out docs/faults.md -->"
HEAD = (
    "| # | fault | wanted | done | runs | violations | late "
    "| p50 s | p95 s | max s | limit s |"
)
FORGETS_S = 0.5
PAGE_DISK_BYTES = 400 << 20
COUNTED = re.compile(r"(\d+) (passed|failed|error|skipped)")


@dataclass(slots=True, kw_only=True)
class Row:
    """What came of a fault."""

    fault: Fault
    runs: int = 0
    skipped: str = ""
    violations: list[str] = field(default_factory=list)
    times_s: list[float] = field(default_factory=list)

    @property
    def n_late(self) -> int:
        """How many recoveries took longer than promised."""
        return sum(t > self.fault.limit_s for t in self.times_s)


def main() -> int:
    """Break, write down, and say whether anything gave way."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="of each fault done live")
    parser.add_argument("--kills", type=int, help="runs of fault 1; default: --runs")
    parser.add_argument("--only", type=int, action="append", help="a fault's number")
    parser.add_argument("--live", action="store_true", help="leave the tests out")
    parser.add_argument("--out", type=Path, help="a document with the table's mark")
    options = parser.parse_args()
    chosen = [f for f in FAULTS if not options.only or f.number in options.only]
    if options.live:
        chosen = [f for f in chosen if f.do is not None]
    rows: dict[int, Row] = {}
    for place, fault in sorted(enumerate(chosen), key=lambda i: not i[1].has_cores):
        if not fault.has_cores:
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        n_runs = (options.kills if fault.number == 1 else None) or options.runs
        rows[place] = _done(fault, n_runs)
        print(_line(rows[place]), flush=True)
        for violation in rows[place].violations:
            print(f"    {violation}", file=sys.stderr)
    if options.out:
        _publish(options.out, [rows[place] for place in sorted(rows)])
    return int(any(row.violations or row.n_late for row in rows.values()))


def _done(fault: Fault, n_runs: int) -> Row:
    if fault.do is None:
        return _tested(fault)
    row = Row(fault=fault)
    if fault.needs_root and os.geteuid() != 0:
        row.skipped = "NOT DONE HERE: needs root"
        return row
    with _rig(on_own_disk=fault.needs_root) as rig:
        for _ in range(n_runs):
            _do_once(row, fault.do, rig)
    return row


@contextmanager
def _rig(*, on_own_disk: bool) -> Iterator[Rig]:
    """Run a whole service, to be broken again and again."""
    with _folder(on_own_disk=on_own_disk) as folder:
        device = Device(folder / "data", forgets_s=FORGETS_S)
        with running(device):
            yield Rig(device)


def _do_once(row: Row, do: Callable[[Rig], float], rig: Rig) -> None:
    row.runs += 1
    try:
        taken_s = do(rig)
    except (ViolationError, TimeoutError) as err:
        row.violations.append(f"run {row.runs}: {err}")
        return
    row.times_s.append(taken_s)


@contextmanager
def _folder(*, on_own_disk: bool) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        if not on_own_disk:
            yield Path(name)
            return
        size = f"size={PAGE_DISK_BYTES}"
        run("mount", "-t", "tmpfs", "-o", size, "leukoscope-faults", name)
        try:
            yield Path(name)
        finally:
            run("umount", "--lazy", name)


def _tested(fault: Fault) -> Row:
    found = subprocess.run(  # noqa: S603 - our own tests
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *fault.tests],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    counts = {word: int(n) for n, word in COUNTED.findall(found.stdout)}
    n_bad = counts.get("failed", 0) + counts.get("error", 0)
    row = Row(fault=fault, runs=counts.get("passed", 0) + n_bad)
    row.violations = [found.stdout[-2000:]] * n_bad
    if not row.runs and not n_bad:
        row.violations = [f"no test ran: {found.stdout[-500:]}{found.stderr[-500:]}"]
    if counts.get("skipped"):
        row.skipped = f"{counts['skipped']} skipped"
    return row


def _line(row: Row) -> str:
    fault = row.fault
    how = "live" if fault.do else "tests"
    times = sorted(row.times_s)
    cells = [str(fault.number), fault.name, fault.wanted, how, str(row.runs)]
    cells += [str(len(row.violations)), str(row.n_late), *_quantiles(times)]
    cells.append(f"{fault.limit_s:g}" if fault.limit_s else "—")
    return f"| {' | '.join(cells)} |" + (f" {row.skipped}" if row.skipped else "")


def _quantiles(times_s: list[float]) -> list[str]:
    if not times_s:
        return ["—"] * 3
    last = len(times_s) - 1
    return [f"{times_s[round(q * last)]:.1f}" for q in (0.5, 0.95, 1.0)]


def _publish(path: Path, rows: list[Row]) -> None:
    """Put the table behind its mark, in the place of the one before."""
    head = path.read_text().split(MARK)[0]
    lines = [MARK, "", HEAD, "|---" * HEAD.count(" | ") + "|---|", *map(_plain, rows)]
    lines += [
        "",
        f"{os.cpu_count()} cores, {platform.machine()}. Live: done to the whole "
        "running service; times from the fault (its end, for a disk, a port or guests) "
        "until it is back at work. Tests: each is one run.",
    ]
    path.write_text(head + "\n".join(lines) + "\n")


def _plain(row: Row) -> str:
    return _line(row).rpartition("|")[0] + "|"


if __name__ == "__main__":
    sys.exit(main())
