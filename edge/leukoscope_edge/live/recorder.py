"""What a running count keeps in the records, and how it goes on after a stop.

A cell is in the records before its number is on the page: a new one, one that the
model now calls otherwise, and one that turned out to be another seen twice are kept at
once. Better pictures and higher sighting counts of known cells wait for a pause or the
end, so that the disk is not written with every frame.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from heapq import nsmallest

from leukoscope_edge.counting import (
    NOTHING_GATHERED,
    FrameResult,
    Gathered,
    Searched,
    gather,
    together,
)
from leukoscope_edge.inference import Card
from leukoscope_edge.live.field_pictures import Fields
from leukoscope_edge.messages import Message
from leukoscope_edge.records import Store, apart, from_png, pixels_sha256
from leukoscope_edge.records.slides import (
    MIN_OTHERS_REVIEWED,
    CellRecord,
    FramesSeen,
    blind_place,
    cell_id,
)
from leukoscope_edge.screening_result import Screening
from leukoscope_edge.types import Call, CallName, Cell, Fault, Frame, Sighting, Tally
from leukoscope_edge.vision import FrameDetections

KEEP_AFTER_FRAMES = 50
"""What so many frames without a new cell were like is kept before more are seen."""


class Recorder:
    """Keeps one slide's cells, and what its frames were like.

    Attributes:
        statuses: What became of the frames of this count.
        last_frame: That showed a cell before a stop, "" where there is none.
    """

    def __init__(
        self,
        store: Store,
        slide: str,
        card: Card,
        scale_um_per_px: float | None = None,
    ) -> None:
        """Begin with what is known of the slide.

        Args:
            store: The records.
            slide: The slide's number, started.
            card: Of the model; says how large its crops are.
            scale_um_per_px: At which cells are cut out and judged; None: not known.
        """
        self._store, self._slide, self._card = store, slide, card
        origin = store.reader.slide(slide).origin
        self._scale_um_per_px = scale_um_per_px
        self._fresh, self._n_frames = NOTHING_GATHERED, 0
        self._segmenter = origin.segmenter
        self._judged_by = origin.engine, origin.fallback
        self._record_ids: dict[int, str] = {}
        self._blind_places: dict[int, bytes] = {}
        self._earlier: frozenset[int] = frozenset()
        self._kept: dict[int, Cell] = {}
        self._frames: dict[str, str] = {}
        self._fields = Fields(store.pictures, slide)
        self._run = 1
        self.statuses: Counter[str] = Counter()
        self.last_frame = ""

    def go_on(self, by: str, *, more: bool = False) -> tuple[Cell, ...]:
        """Return the cells that were counted before a stop, none at the start.

        Args:
            by: Who goes on; kept where there is something to go on from.
            more: Somebody asked for more cells of a count that is over.

        Raises:
            StepError: The count is over and nobody asked, or the result is signed.
        """
        record = self._store.reader.slide(self._slide)
        self._n_frames = record.gathered.n_frames
        known = [c for c in record.machine_cells.values() if c.is_counted]
        if not known and not more:
            return ()
        self._store.count.resume(self._slide, by, more=more)
        self._run = self._store.reader.slide(self._slide).run
        cells = tuple(self._cell(c) for c in known)
        self._record_ids = {c.id: r.id for c, r in zip(cells, known, strict=True)}
        self._earlier = frozenset(self._record_ids)
        self.last_frame = max((c.frame for c in known), default="")
        return cells

    def found_by(self, segmenter: str, fallback: str) -> None:
        """Keep how cells are found from here on, where that has changed.

        Args:
            segmenter: What finds them now.
            fallback: Why thresholds serve in the place of a network, "" where not.
        """
        if segmenter == self._segmenter:
            return
        why = fallback or "the profile asks for it"
        self._store.count.change_segmenter(self._slide, segmenter, why)
        self._segmenter = segmenter

    def judged_by(self, engine: str, fallback: str) -> None:
        """Keep what judges the cells from here on, where that has changed.

        Args:
            engine: The runtime and its version.
            fallback: Why it serves in the place of a faster one, "" where not.
        """
        if (engine, fallback) == self._judged_by:
            return
        self._store.count.change_engine(self._slide, engine, fallback)
        self._judged_by = engine, fallback

    def record_id(self, cell: int) -> str:
        """Return the id in the records of a cell of this count."""
        return self._record_ids.get(cell, cell_id(self._run, cell))

    def saw(self, item: Frame | Fault, looked: FrameResult) -> None:
        """Remember what became of a frame."""
        self.statuses[looked.report.status] += 1
        one = gather(looked.report, looked.bearing, self._n_frames)
        self._fresh, self._n_frames = together(self._fresh, one), self._n_frames + 1
        self.saw_late(looked.late)
        if isinstance(item, Frame):
            self._shows(item, looked.seen, looked.found_by)

    def lit(self, light: Mapping[str, tuple[float, ...]]) -> None:
        """Remember what lamp and stain measured in a frame."""
        self._fresh = together(self._fresh, Gathered(light=light))

    def saw_late(self, late: Iterable[Searched]) -> None:
        """Remember earlier frames that were searched after all."""
        for one in late:
            self._shows(one.frame, one.seen, one.found_by)

    def _shows(self, frame: Frame, seen: FrameDetections, found_by: str) -> None:
        if seen.whole or seen.cut_off:
            self._frames[frame.name] = pixels_sha256(frame.pixels)
            self._fields.saw(frame, found_by)

    def keep(
        self, cells: Sequence[Cell], tally: Tally, *, everything: bool = False
    ) -> None:
        """Keep what is new.

        Args:
            cells: All cells of the count, each with its call.
            tally: What else was counted on the slide so far.
            everything: Better pictures and more sightings as well.
        """
        now = {c.id: c for c in cells if c.id not in self._earlier}
        gone = [i for i in self._kept if i not in now]
        is_new = _differs if everything else _is_called_otherwise
        fields = self._fields.keep(self._to_show(now.values()), everything=everything)
        new = [c for i, c in now.items() if i in fields or is_new(c, self._kept.get(i))]
        if not new and not gone and not self._is_due(everything=everything):
            return
        self._store.count.add_cells(
            self._slide,
            new,
            frames=self._frames,
            gone=[self.record_id(i) for i in gone],
            fields=fields,
            seen=FramesSeen(
                gathered=self._fresh,
                tally=tally,
                scale_um_per_px=self._scale_um_per_px,
            ),
        )
        self._fresh = NOTHING_GATHERED
        self._kept = {i: c for i, c in self._kept.items() if i in now}
        self._kept |= {c.id: c for c in new}

    def _is_due(self, *, everything: bool) -> bool:
        """Say whether what frames were like is kept though no cell is new.

        A slide without a cell has nothing to go on from, and stays new.
        """
        n = self._fresh.n_frames
        has_cells = bool(self._kept or self._earlier)
        return has_cells and n >= (1 if everything else KEEP_AFTER_FRAMES)

    def _to_show(self, cells: Iterable[Cell]) -> list[Cell]:
        """Return the cells that the first look of the review would show now."""
        suspects: list[Cell] = []
        others: list[Cell] = []
        for cell in cells:
            is_other = cell.call is not None and cell.call.name is CallName.NORMAL
            (others if is_other else suspects).append(cell)
        return suspects + nsmallest(MIN_OTHERS_REVIEWED, others, self._blind_place)

    def _blind_place(self, cell: Cell) -> bytes:
        """Return a cell's place in the first look; each frame asks it of every cell."""
        if cell.id not in self._blind_places:
            place = blind_place(self._slide, self.record_id(cell.id))
            self._blind_places[cell.id] = place
        return self._blind_places[cell.id]

    def finish(
        self, screening: Screening, by: str, quality: Sequence[Message] = ()
    ) -> None:
        """Keep the rest and the machine's verdict.

        Args:
            screening: The whole count.
            by: Who ended it.
            quality: What of the device's quality is out of control.
        """
        self.keep(screening.cells, screening.tally, everything=True)
        record = self._store.reader.slide(self._slide)
        if screening.cut_off_cells:
            self._store.count.add_cells(
                self._slide,
                screening.cut_off_cells,
                frames=self._frames,
                is_counted=False,
            )
        self._store.count.finish_count(
            self._slide,
            screening.verdict,
            by,
            tally=screening.tally,
            quality=tuple(dict.fromkeys((*record.quality, *quality))),
            doubts=tuple(dict.fromkeys((*record.doubts, *screening.doubts))),
        )

    def _cell(self, record: CellRecord) -> Cell:
        """Return a kept cell as the count holds it."""
        pictures = self._store.pictures
        view = from_png(pictures.read(self._slide, record.view))
        strip = apart(from_png(pictures.read(self._slide, record.crops)))
        x0, y0, x1, y1 = record.box_px
        sightings = tuple(
            Sighting(
                frame=record.frame,
                box_px=record.box_px,
                centre_px=((x0 + x1) / 2, (y0 + y1) / 2),
                slide_px=record.slide_px,
                sharpness=0.0,
                crop=crop,
                radius_px=min(x1 - x0, y1 - y0) / 2,
            )
            for crop in strip
        )
        run, _, number = record.id.rpartition(".")
        return Cell(
            id=int(number),
            sightings=sightings,
            view=view,
            n_sightings=record.n_sightings,
            call=Call(
                name=record.call or CallName.UNCLEAR,
                p_blast=record.p_blast or 0.0,
                is_unlike=record.is_unlike,
                is_off_scale=record.is_off_scale,
                kinds=_kinds(record),
            ),
            island=int(run[1:] or 1) - 1,
        )


def _kinds(record: CellRecord) -> tuple[tuple[str, float], ...]:
    """Return the kinds of a kept call: the likeliest beside blast is what was kept."""
    p_blast = record.p_blast or 0.0
    both = (CallName.BLAST.value, p_blast), (record.kind, 1 - p_blast)
    return both if record.kind else ()


def _is_called_otherwise(cell: Cell, kept: Cell | None) -> bool:
    if kept is None or kept.call is None or cell.call is None:
        return True
    return cell.call.name is not kept.call.name


def _differs(cell: Cell, kept: Cell | None) -> bool:
    return (
        _is_called_otherwise(cell, kept)
        or kept is None
        or cell.n_sightings != kept.n_sightings
        or cell.best is not kept.best
    )
