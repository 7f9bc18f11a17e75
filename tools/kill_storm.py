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
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import numpy as np

from leukoscope_edge.errors import LeukoscopeError
from leukoscope_edge.records import database, open_store
from leukoscope_edge.records.exports import write_pdf
from leukoscope_edge.records.slides import (
    Action,
    FieldPicture,
    MissedCell,
    SlideRecord,
    SlideState,
    cell_id,
    is_allowed,
)
from leukoscope_edge.types import THRESHOLDS, Cell, Reading, Tally
from leukoscope_train.evaluation.noise_slides import (
    noise_cell,
    noise_set_up,
    noise_verdict,
)

CELLS_A_SLIDE, CELLS_A_BATCH = 14, 2
MAX_STEPS, MAX_DELAY_S = 30, 0.02
"""A kill comes after up to so many lines from the child, and up to so much later."""
SIDE_PX = 16
VERDICT = noise_verdict(CELLS_A_SLIDE, n_blast=1)


class Recorder:
    """The child: keeps slides for ever, saying each step before and after."""

    def __init__(self, folder: Path, out: TextIO) -> None:
        self._store, self._out = open_store(folder), out

    def run(self) -> None:
        """Work until somebody kills us."""
        while True:
            self.work_once()

    def work_once(self) -> None:
        """Do one slide, from its start to its report."""
        self._slide(self._begin())

    def close(self) -> None:
        """Let go of the records."""
        self._store.close()

    def _begin(self) -> str:
        """Go on with the newest slide that is not done, or start one."""
        for record in self._store.reader.slides(limit=1):
            if not self._store.reports(record.id):
                if record.state is SlideState.COUNTING:
                    self._store.count.resume(record.id, "storm")
                return record.id
        number = len(self._store.reader.slides(limit=-1)) + 1
        set_up = noise_set_up(f"S{number}")
        slide = ""

        def start(key: str) -> None:
            nonlocal slide
            slide = self._store.start_slide(set_up, "storm", key=key)

        self._step(f"start-{number}", start)
        return slide

    def _slide(self, slide: str) -> None:
        store = self._store
        record = store.reader.slide(slide)
        if is_allowed(Action.FINISH, record.state):
            self._count(record)
        if store.reader.slide(slide).state is SlideState.REVIEW:
            self._review(slide)
        self._step(f"paper-{slide}", lambda _: write_pdf(store, slide, "storm"))

    def _count(self, record: SlideRecord) -> None:
        store, slide = self._store, record.id
        for first in range(len(record.machine_cells), CELLS_A_SLIDE, CELLS_A_BATCH):
            ids = range(first + 1, first + 1 + CELLS_A_BATCH)
            names = ",".join(cell_id(record.run, i) for i in ids)
            cells = [_cell(i) for i in ids]

            def add(_: str, cells: list[Cell] = cells, names: str = names) -> None:
                frame = f"a frame of {names}".encode()  # kept by its hash alone
                file, _is_new = store.pictures.keep_jpeg(slide, frame)
                field = FieldPicture(
                    file=file, frame="f", box_px=(0, 0, 9, 9), found_by=THRESHOLDS
                )
                fields = {c.id: field for c in cells}
                store.count.add_cells(slide, cells, frames={}, fields=fields)

            self._step(f"cells-{slide}-{names}", add)
        self._step(
            f"finish-{slide}-{record.run}",
            lambda key: store.count.finish_count(
                slide, VERDICT, "storm", tally=Tally(), key=key
            ),
        )

    def _review(self, slide: str) -> None:
        store = self._store
        n = len(store.reader.events(slide))
        for cell in store.reader.slide(slide).cells:
            if cell.word is None:
                key = f"judge-{slide}-{cell.id}-{n}"
                self._step(
                    key,
                    lambda key, i=cell.id: store.review.judge_cell(  # type: ignore[misc]
                        slide, i, Reading.NORMAL, "storm", key=key
                    ),
                )
        self._step(
            f"missed-{slide}-{n}",
            lambda key: store.review.add_missed(slide, _missed(), "storm", key=key),
        )
        self._step(
            f"undo-{slide}-{n}", lambda key: store.review.undo(slide, "storm", key=key)
        )
        self._step(
            f"sign-{slide}",
            lambda key: store.review.sign(slide, lambda _: VERDICT, "storm", key=key),
        )

    def _step(self, key: str, do: Callable[[str], object]) -> None:
        print(f"try {key}", file=self._out, flush=True)
        do(key)
        do(key)  # a request that was answered and sent again must not count twice
        print(f"ack {key}", file=self._out, flush=True)


def _cell(number: int) -> Cell:
    return noise_cell(number, side_px=SIDE_PX, is_blast=number % 5 == 0)


def _missed() -> MissedCell:
    return MissedCell(
        frame="f",
        frame_sha256="",
        box_px=(0, 0, 4, 4),
        slide_px=(0.0, 0.0),
        view=np.zeros((SIDE_PX, SIDE_PX, 3), np.uint8),
    )


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
        case "paper":
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
                Recorder(folder, out).run()
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
        Recorder(options.folder, sys.stdout).run()
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
