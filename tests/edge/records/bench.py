"""Slides for the tests of the records."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from leukoscope_edge.messages import message
from leukoscope_edge.outcome import Interval, Refusal, Verdict, VerdictName
from leukoscope_edge.records import Store, open_store
from leukoscope_edge.records.slides import (
    CellRecord,
    Identity,
    MissedCell,
    Origin,
    SlideSetUp,
)
from leukoscope_edge.sample import SIMULATED_SAMPLE, SampleType
from leukoscope_edge.types import Call, CallName, Cell, Domain, Reading, Sighting, Tally

SIDE_PX = 32
FRAME_SHA256 = "ab" * 32
COUNTS = {"neutrophil": 6, "lymphocyte": 3, "eosinophil": 1, "erythroblast": 2}
"""Of the kinds that the model told apart in `Bench.of_kinds`; beside blast."""
BLAST_OF_KINDS = 7
"""The cell of these that is a blast to the model, and else a lymphocyte."""


def make_cell(
    number: int, name: CallName = CallName.NORMAL, p: float = 0.1, kind: str = ""
) -> Cell:
    rng = np.random.default_rng(number)
    sightings = tuple(
        Sighting(
            frame="f1",
            box_px=(1, 2, 30, 40),
            centre_px=(15.0, 20.0),
            slide_px=(15.0 * number, 20.0),
            sharpness=1.0,
            crop=rng.integers(0, 255, (SIDE_PX, SIDE_PX, 3), np.uint8),
            radius_px=9.0,
        )
        for _ in range(2)
    )
    return Cell(
        id=number,
        sightings=sightings,
        n_sightings=4,
        view=rng.integers(0, 255, (SIDE_PX, SIDE_PX, 3), np.uint8),
        call=Call(name=name, p_blast=p, kinds=((kind, 1.0),) if kind else ()),
    )


def make_set_up(
    sample: str = "S-1",
    name: str = "",
    *,
    domain: Domain = "real",
    consents: bool = False,
    n_readers: Literal[1, 2] = 1,
) -> SlideSetUp:
    return SlideSetUp(
        identity=Identity(sample=sample, name=name),
        facts=SIMULATED_SAMPLE,
        mode="slide",
        domain=domain,
        origin=Origin(
            bundle="red-test",
            bundle_sha256="cd" * 32,
            engine="cpu",
            software="leukoscope 0",
            calibration="stage micrometre",
            camera="test",
            scale_um_per_px=0.1,
            view_um=20.0,
            limits=("Of no medical use.",),
        ),
        consents_to_training=consents,
        n_readers=n_readers,
    )


VERDICT = Verdict(
    name=VerdictName.FEW,
    messages=(message("test"),),
    n_cells=12,
    n_blast=1,
    n_unclear=1,
    interval=Interval(low=0.002, high=0.385),
)
KEPT_CELL = CellRecord(
    id="1",
    frame="f1",
    frame_sha256=FRAME_SHA256,
    box_px=(1, 2, 30, 40),
    slide_px=(15.5, 20.0),
    n_sightings=3,
    call=CallName.BLAST,
    p_blast=0.91,
    crops="c.png",
    n_crops=2,
    view="v.png",
)
MISSED_CELL = MissedCell(
    frame="f1",
    frame_sha256="",
    box_px=(0, 0, 9, 9),
    slide_px=(4.0, 4.0),
    view=np.zeros((8, 8, 3), np.uint8),
)
VERDICT_OF_KINDS = replace(VERDICT, n_unclear=0)
"""As the cells are of `Bench.of_kinds`."""
REFUSAL = Refusal(reason=message("test"), n_cells=3, n_blast=0, n_unclear=9)


class Bench:
    """A store with what a technician does with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store: Store = open_store(folder)

    def reopen(self) -> Store:
        self.store.close()
        self.store = open_store(self.folder)
        return self.store

    def counted(self, n: int = 4, **changes: object) -> str:
        """A slide with n cells: the first a blast, the second unclear."""
        slide = self.store.start_slide(make_set_up(**changes), "ann")  # type: ignore[arg-type]
        names = {1: CallName.BLAST, 2: CallName.UNCLEAR}
        cells = [
            make_cell(i, names.get(i, CallName.NORMAL), 0.9 if i == 1 else 0.3)
            for i in range(1, n + 1)
        ]
        self.store.count.add_cells(slide, cells, frames={"f1": FRAME_SHA256})
        return slide

    def finished(self, verdict: Verdict | Refusal = VERDICT, **changes: object) -> str:
        slide = self.counted(**changes)  # type: ignore[arg-type]
        self.store.count.finish_count(
            slide, verdict, "ann", tally=Tally(frames={"screened": 5}, n_smudges=2)
        )
        return slide

    def of_kinds(
        self,
        verdict: Verdict | Refusal = VERDICT_OF_KINDS,
        sample_type: SampleType = SampleType.BLOOD,
        *,
        wbc: float | None = None,
        **more: Any,
    ) -> str:
        """A finished slide whose cells the model told apart; more of its set-up."""
        asked = replace(SIMULATED_SAMPLE, sample_type=sample_type, wbc_10e9_per_l=wbc)
        set_up = replace(make_set_up(), facts=asked, **more)
        slide = self.store.start_slide(set_up, "ann")
        names = [kind for kind, n in COUNTS.items() for _ in range(n)]
        called = {BLAST_OF_KINDS: (CallName.BLAST, 0.9)}
        cells = [
            make_cell(i, *called.get(i, (CallName.NORMAL, 0.1)), kind=kind)
            for i, kind in enumerate(names, start=1)
        ]
        self.store.count.add_cells(slide, cells, frames={})
        self.store.count.finish_count(slide, verdict, "ann", tally=Tally(n_smudges=1))
        return slide

    def reviewed(self, **changes: object) -> str:
        slide = self.finished(**changes)  # type: ignore[arg-type]
        for c in self.store.reader.slide(slide).cells:
            word = Reading.BLAST if c.id == "1" else Reading.NORMAL
            self.store.review.judge_cell(
                slide, c.id, word, "ann", key=f"{slide}-{c.id}"
            )
        return slide

    def signed(self, *, comment: str = "", **changes: object) -> str:
        slide = self.reviewed(**changes)
        self.store.review.sign(
            slide, lambda _: VERDICT, "ann", comment=comment, key=f"{slide}-sign"
        )
        return slide
