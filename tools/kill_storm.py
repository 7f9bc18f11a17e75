"""Kill a recording process at random instants and look for what was lost.

A child keeps slides as the device does: it starts, counts, judges, takes back, signs
and prints, and goes on with what the one before it left. It says on a pipe what it is
about to do and what was acknowledged. The parent kills it with SIGKILL at a random
step, opens the records and checks that

- every acknowledged step is there, and none is there twice,
- the chain of events and all pictures are whole,
- every report is a whole PDF file.

    python tools/kill_storm.py --kills 200

Exit 0: no violation. 1: some, which are printed.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from leukoscope_edge.errors import LeukoscopeError
from leukoscope_edge.records import database, open_store

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for tests/rigs

from tests.rigs.slide_recorder import SlideRecorder

MAX_STEPS, MAX_DELAY_S = 30, 0.02
"""A kill comes after up to so many lines from the child, and up to so much later."""


@dataclass
class Log:
    """What the children said."""

    tried: Counter[str] = field(default_factory=Counter)
    acknowledged: set[str] = field(default_factory=set)

    def take(self, line: str) -> None:
        """Note one line."""
        word, key = line.split()
        if word == "try":
            self.tried[key] += 1
        else:
            self.acknowledged.add(key)


def violations(folder: Path, log: Log) -> list[str]:
    """Open the records and compare them with what was acknowledged."""
    with open_store(folder) as store:
        found = [f"event {p.seq}: {p.what}" for p in store.verify_audit()]
        if store.recovery is not None:
            found.append(f"the database was damaged: {store.recovery.sentence}")
        records = store.reader.slides(limit=-1)
        keys = Counter(
            e.key for r in records for e in store.reader.events(r.id) if e.key
        )
        cells = {(r.id, c) for r in records for c in r.machine_cells}
        reports = {
            p.name.split("-v")[0]: p for r in records for p in store.reports(r.id)
        }
        found += [f"{key} is there {n} times" for key, n in keys.items() if n > 1]
        for key in sorted(log.acknowledged):
            if not _is_kept(key, keys, cells, set(reports)):
                found.append(f"{key} was acknowledged and is lost")
        found += [f"{p.name} is half a report" for p in reports.values() if _is_half(p)]
    return found


def _is_kept(
    key: str, keys: Counter[str], cells: set[tuple[str, str]], reports: set[str]
) -> bool:
    kind, _, rest = key.partition("-")
    match kind:
        case "cells":
            slide, _, ids = rest.partition("-")
            return all((slide, i) in cells for i in ids.split(","))
        case "pdf":
            return rest in reports
        case _:
            return keys[key] == 1


def _is_half(report: Path) -> bool:
    data = report.read_bytes()
    return not (data.startswith(b"%PDF-") and data.rstrip().endswith(b"%%EOF"))


def _kill_one(folder: Path, log: Log, rng: random.Random) -> None:
    """Start a child, kill it at a random instant and note what it said."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        try:
            with os.fdopen(write_end, "w") as out:
                SlideRecorder(folder, out).run()
        except BaseException:  # noqa: BLE001
            traceback.print_exc()
        finally:
            os._exit(1)  # never back into the parent's code
    os.close(write_end)
    n_steps, delay_s = rng.randrange(MAX_STEPS), rng.random() * MAX_DELAY_S
    with os.fdopen(read_end) as lines:
        for _ in range(n_steps):
            log.take(lines.readline())
        time.sleep(delay_s)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        for line in lines:
            if line.endswith("\n"):  # the last one may be cut off by the kill
                log.take(line)


def _switch_sync_off() -> None:
    """Behave like a disk that lies: what is asked to be safe is said to be so."""
    os.fsync = lambda fd: None  # noqa: ARG005
    database.PRAGMAS = tuple(p.replace("= FULL", "= OFF") for p in database.PRAGMAS)


def _check(folder: Path, said: Path) -> list[str]:
    log = Log()
    for line in said.read_text().splitlines():
        log.take(line)
    try:
        return violations(folder, log)
    except LeukoscopeError as err:
        return [f"the records do not open: {err}"]


def _storm(n_kills: int, seed: int) -> list[str]:
    rng, log, found = random.Random(seed), Log(), []  # noqa: S311
    with tempfile.TemporaryDirectory() as name:
        for kill in range(n_kills):
            _kill_one(Path(name), log, rng)
            found += [f"kill {kill}: {v}" for v in violations(Path(name), log)]
    print(f"{n_kills} kills, {len(log.acknowledged)} steps acknowledged")
    return found


def main() -> int:
    """Kill as often as asked and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="for --record and --check")
    parser.add_argument("--record", action="store_true", help="be the child")
    parser.add_argument("--without-sync", action="store_true", help="a lying disk")
    parser.add_argument("--check", type=Path, help="compare with what a child said")
    options = parser.parse_args()
    if options.without_sync:
        _switch_sync_off()
    if options.record:
        SlideRecorder(options.folder, sys.stdout).run()
    if options.check:
        found = _check(options.folder, options.check)
    else:
        found = _storm(options.kills, options.seed)
    for violation in found:
        print(violation)
    print(f"{len(found)} violations")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
