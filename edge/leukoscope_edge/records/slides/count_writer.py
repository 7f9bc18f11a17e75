"""What the counting process writes: a slide's start, its cells, its end."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from leukoscope_edge.counting import Gathered
from leukoscope_edge.messages import Message, plain
from leukoscope_edge.outcome import Doubt, Refusal, Verdict
from leukoscope_edge.records.device_log import DEVICE
from leukoscope_edge.records.slides.cell_archive import keep_cell
from leukoscope_edge.records.slides.cell_record import FieldPicture
from leukoscope_edge.records.slides.slide import Kind, SlideSetUp, outcome_of
from leukoscope_edge.records.slides.slide_objects import (
    cell_object,
    doubt_object,
    facts_object,
    gathered_object,
    outcome_object,
)
from leukoscope_edge.records.slides.slide_state import Action
from leukoscope_edge.records.slides.slide_writer import SlideWriter
from leukoscope_edge.types import Cell, Reading, Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class FramesSeen:
    """What frames were like, beside their cells.

    Attributes:
        gathered: What they bear witness of.
        tally: What else was counted on the slide so far.
        scale_um_per_px: At which their cells were cut out and judged.
    """

    gathered: Gathered
    tally: Tally
    scale_um_per_px: float | None


class CountWriter(SlideWriter):
    """Writes what a count finds; safe to share between threads."""

    def start_slide(self, set_up: SlideSetUp, by: str, *, key: str = "") -> str:
        """Start a slide and return its number, such as `0412`."""
        with self._events.writing() as connection:
            if known := self._events.repeated(Kind.START, None, key):
                return known.slide
            slide = self._next_slide()
            body = {
                "sealed": self._identities.add(connection, slide, set_up.identity),
                "mode": set_up.mode,
                "domain": set_up.domain,
                "origin": asdict(set_up.origin),
                "details": set_up.details,
                "consents_to_training": set_up.consents_to_training,
                "n_readers": set_up.n_readers,
                "n_differential": set_up.n_differential,
                "facts": facts_object(set_up.facts),
                "site": asdict(set_up.site) if set_up.site else None,
            }
            self._events.append(Kind.START, slide, body, by, key)
        return slide

    def resume(self, slide: str, by: str, *, more: bool = False) -> None:
        """Go on counting after a stop; new cells get ids of a new run.

        Args:
            slide: The slide.
            by: Who goes on.
            more: Somebody asked for more cells of a count that is over.

        Raises:
            StepError: The count is over and nobody asked, or the result is signed.
        """
        with self._events.writing():
            self._reader.require(slide, Action.COUNT_MORE if more else Action.RESUME)
            self._events.append(Kind.RESUME, slide, {}, by, "")

    def change_engine(self, slide: str, engine: str, why: str) -> None:
        """Record that cells are judged by another engine than so far.

        Args:
            slide: The slide.
            engine: The runtime and its version.
            why: It serves in the place of a faster one; "" where it does not.
        """
        self._events.do(Kind.ENGINE, slide, {"engine": engine, "why": why}, DEVICE)

    def change_segmenter(self, slide: str, segmenter: str, why: str) -> None:
        """Record that cells are found in another way than so far."""
        self._events.do(
            Kind.SEGMENTER, slide, {"segmenter": segmenter, "why": why}, DEVICE
        )

    def add_cells(
        self,
        slide: str,
        cells: Sequence[Cell],
        *,
        frames: Mapping[str, str],
        gone: Sequence[str] = (),
        fields: Mapping[int, FieldPicture] | None = None,
        is_counted: bool = True,
        seen: FramesSeen | None = None,
    ) -> None:
        """Keep cells with their calls, or what is newly known of them.

        Args:
            slide: The slide.
            cells: Each with its call. One whose id is known replaces what is known.
            frames: sha256 of each frame's pixels, by the frame's name.
            gone: Record ids of cells that turned out to be others seen twice. One that
                a person called blast or unclear stays: her word would go with it.
            fields: Frames that were kept of cells, by the cell's number.
            is_counted: False for cells cut off by the edge of a separate field.
            seen: What the frames since the last call were like: a count that goes on
                after a stop is concluded as if it had never stopped.
        """
        record = self._reader.slide(slide)
        shown = fields or {}
        kept = [
            keep_cell(
                self._pictures, record, c, frames.get(c.best.frame, ""), shown.get(c.id)
            )
            for c in cells
        ]
        found = [cell_object(replace(c, is_counted=is_counted)) for c in kept]
        body: dict[str, Any] = {"cells": found}
        if seen is not None:
            body |= {
                "gathered": gathered_object(seen.gathered),
                "tally": asdict(seen.tally),
                "scale_um_per_px": seen.scale_um_per_px,
            }
        with self._events.writing():
            body["gone"] = self._unsuspected(slide, gone)
            self._events.append(Kind.CELLS, slide, body, DEVICE, "")

    def finish_count(
        self,
        slide: str,
        verdict: Verdict | Refusal,
        by: str,
        *,
        tally: Tally,
        quality: Sequence[Message] = (),
        doubts: Sequence[Doubt] = (),
        key: str = "",
    ) -> None:
        """End the count with the machine's verdict; the review follows.

        Args:
            slide: The slide.
            verdict: What the machine says, or why it says nothing.
            by: Who ended it.
            tally: What else was counted.
            quality: What of the device's quality is out of control.
            doubts: What is wrong with the pictures.
            key: Idempotency key.
        """
        body = {
            "outcome": outcome_object(outcome_of(verdict)),
            **asdict(tally),
            "quality": [plain(m) for m in quality],
            "doubts": [doubt_object(d) for d in doubts],
        }
        self._events.do(Kind.FINISH, slide, body, by, key)
        self._write_back()

    def _unsuspected(self, slide: str, cells: Sequence[str]) -> list[str]:
        """Return the cells that no person has ever called blast or unclear."""
        suspect = {
            step.cell
            for step in self._reader.slide(slide).steps
            if step.word in (Reading.BLAST, Reading.UNCLEAR)
        }
        return [cell for cell in cells if cell not in suspect]

    def _next_slide(self) -> str:
        """Return a number that no slide had, one lost with a database included."""
        last = max(self._reader.last_slide(), self._pictures.last_slide())
        return f"{last + 1:04d}"
