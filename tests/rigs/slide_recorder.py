"""A program that keeps slides as the device does, and says each step: to be killed.

It starts, counts, judges, takes back, signs and prints, and goes on with what the one
before it left.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import numpy as np

from leukoscope_edge.records import open_store
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
from leukoscope_train.evaluation import noise_cell, noise_set_up, noise_verdict

CELLS_A_SLIDE, CELLS_A_BATCH = 14, 2
SIDE_PX = 16
VERDICT = noise_verdict(CELLS_A_SLIDE, n_blast=1)


class SlideRecorder:
    """Keeps slides for ever, saying each step before and after."""

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
        self._step(f"pdf-{slide}", lambda _: write_pdf(store, slide, "storm"))

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
