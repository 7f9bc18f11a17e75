"""What the pictures of a slide bear witness of, and what of it forbids a negative.

Every guard that looks at pictures stands here, on the one road to a verdict: the scale
against the cells, the order of colours, compression, sizes, what the files say of their
scale, copies, and how much could not be judged. A negative needs every one in order; a
finding is said with the doubt beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from leukoscope_edge.messages import Message, message
from leukoscope_edge.outcome import Doubt
from leukoscope_edge.screening_result import ImageReport
from leukoscope_edge.types import Frame
from leukoscope_edge.vision import (
    FrameColours,
    measure_colours,
    order_of,
    quality_from_pixels,
)
from leukoscope_edge.vision.scale import (
    MAX_MISMATCH,
    PLAUSIBLE_UM_PER_PX,
    RED_CELL_UM,
    FrameSizes,
    SourceScale,
    estimate_source_scale,
    measure_sizes,
)

MIN_JPEG_QUALITY = 70
"""As libjpeg counts it. wbc-fields has 71 to 75; what lies below was never judged."""
MIN_BITS_PER_PX = 0.8
"""Of a video's key frames, as JPEG of quality 70 takes of marrow. Of 125 such tiles,
each a key frame, H.264 loses a fifth of the blasts at 0.26 and a tenth at 0.51, MPEG-4
a tenth at 0.68, and at 0.94 no more than the JPEG (by a script that is not kept)."""
MIN_REMARK = 0.1
"""Relative: a scale that is further from what the cells say is remarked upon. What the
cells of five sets say lies within 15 % of the truth (docs/segmentation.md)."""
MAX_SPREAD = 2.0
"""High over low end of what the cells say; where it is wider they say nothing."""
MAX_LEFT_OUT = 0.05
"""Of the images, that could not be read: more, and the rest is a part of the slide."""
MAX_REFUSED = 0.5
"""Of the fields, for their quality: more, and what was judged is a chosen part."""
N_MEASURED = 24
"""Frames whose cells are measured for the scale, 35 ms each on one core."""
MEASURED_AT_ONCE, MEASURED_EVERY = 12, 10
"""The first frames, and then one in so many."""
N_COLOURS = 512
"""Frames whose colours are held, at most, evenly over the slide: neither a frame's time
nor the records grow with it."""
COLOUR_DIGITS, SIZE_DIGITS, SCALE_DIGITS, BITS_DIGITS = 3, 2, 5, 3
"""Decimals that are judged and kept: what is read back is the same to the last bit."""
SPOILED = (
    "scale-off",
    "red-blue",
    "red-green",
    "green-blue",
    "inverted",
    "compressed",
    "few-bits",
)
Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearing:
    """What one frame bears witness of.

    Attributes:
        colours: Their order.
        sizes: Of cells, None where they were not measured.
        shape_px: Width and height.
        jpeg_quality: Of its file, or of a JPEG that it was before, where that is
            poorer; None where it never was one, as far as can be told.
        bits_per_px: Of a video's key frame, None elsewhere.
        um_per_px: What its file says, None where nothing plausible.
    """

    colours: FrameColours
    sizes: FrameSizes | None
    shape_px: tuple[int, int]
    jpeg_quality: int | None
    bits_per_px: float | None
    um_per_px: float | None


def bearing_of(frame: Frame, *, measures: bool) -> Bearing:
    """Return what a frame bears witness of.

    Args:
        frame: As it came.
        measures: Its cells and its compression, too.
    """
    said, (low, high) = frame.facts.um_per_px, PLAUSIBLE_UM_PER_PX
    height, width = frame.pixels.shape[:2]
    return Bearing(
        colours=measure_colours(frame.pixels),
        sizes=measure_sizes(frame.pixels) if measures else None,
        shape_px=(width, height),
        jpeg_quality=_poorer(
            frame.facts.jpeg_quality,
            quality_from_pixels(frame.pixels) if measures else None,
        ),
        bits_per_px=frame.facts.bits_per_px,
        um_per_px=said if said and low <= said <= high else None,
    )


def _poorer(a: Number | None, b: Number | None) -> Number | None:
    known = [q for q in (a, b) if q is not None]
    return min(known, default=None)


def is_measured(number: int) -> bool:
    """Say whether the cells of a frame are measured for the scale.

    Args:
        number: Of the frame, from 0.
    """
    turn, rest = divmod(number - MEASURED_AT_ONCE, MEASURED_EVERY)
    return turn < 0 or (rest == 0 and turn < N_MEASURED - MEASURED_AT_ONCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What frames bear witness of, together: small, and whole in the records.

    Attributes:
        n_frames: How many there were.
        statuses: Of these, without copies, how many were `screened`, `refused` and
            `skipped`; and how many were a `copy`.
        n_lost: Frames that are missing from a video.
        colours: Of frames evenly over the slide, by the frame's number from 0.
        sizes: Of cells, of each frame in which they were measured.
        shapes_px: Every width and height that there was.
        jpeg_quality: The poorest; None where no frame ever was a JPEG.
        bits_per_px: The fewest of a video's key frame; None where there was none.
        um_per_px: Every scale that a file named, the first one first.
        light: What lamp and stain measured, in a frame now and then, by its name.
    """

    n_frames: int = 0
    statuses: Mapping[str, int] = field(default_factory=dict)
    n_lost: int = 0
    colours: Mapping[int, FrameColours] = field(default_factory=dict)
    sizes: tuple[FrameSizes, ...] = ()
    shapes_px: tuple[tuple[int, int], ...] = ()
    jpeg_quality: int | None = None
    bits_per_px: float | None = None
    um_per_px: tuple[float, ...] = ()
    light: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


NOTHING_GATHERED = Gathered()


def gather(report: ImageReport, bearing: Bearing | None, number: int) -> Gathered:
    """Return what one frame bears witness of.

    Args:
        report: What became of it.
        bearing: What it bears witness of; None for faults and copies.
        number: Of the frame on its slide, from 0.
    """
    status = "copy" if report.copy_of else report.status
    alone = Gathered(n_frames=1, statuses={status: 1}, n_lost=report.n_lost)
    if bearing is None:
        return alone
    is_held = number % _every(number) == 0
    said, bits = bearing.um_per_px, bearing.bits_per_px
    return replace(
        alone,
        colours={number: _rounded_colours(bearing.colours)} if is_held else {},
        sizes=(_rounded_sizes(bearing.sizes),) if bearing.sizes else (),
        shapes_px=(bearing.shape_px,),
        jpeg_quality=bearing.jpeg_quality,
        bits_per_px=None if bits is None else round(bits, BITS_DIGITS),
        um_per_px=() if said is None else (round(said, SCALE_DIGITS),),
    )


def together(a: Gathered, b: Gathered) -> Gathered:
    """Return what earlier and later frames of a slide bear witness of together."""
    n_frames = a.n_frames + b.n_frames
    every = _every(n_frames - 1)
    colours = {n: c for n, c in {**a.colours, **b.colours}.items() if n % every == 0}
    return Gathered(
        n_frames=n_frames,
        statuses=_summed(a.statuses, b.statuses),
        n_lost=a.n_lost + b.n_lost,
        colours=colours,
        sizes=(*a.sizes, *b.sizes),
        shapes_px=tuple(dict.fromkeys((*a.shapes_px, *b.shapes_px))),
        jpeg_quality=_poorer(a.jpeg_quality, b.jpeg_quality),
        bits_per_px=_poorer(a.bits_per_px, b.bits_per_px),
        um_per_px=tuple(dict.fromkeys((*a.um_per_px, *b.um_per_px))),
        light={
            name: (*a.light.get(name, ()), *b.light.get(name, ()))
            for name in {**a.light, **b.light}
        },
    )


def _every(number: int) -> int:
    """Return of how many frames one's colours are held, when this one comes."""
    return 1 << (number // N_COLOURS).bit_length()


def _summed(a: Mapping[str, int], b: Mapping[str, int]) -> dict[str, int]:
    return {name: a.get(name, 0) + b.get(name, 0) for name in {**a, **b}}


def _rounded_colours(colours: FrameColours) -> FrameColours:
    r, g, b = colours.density or (0.0, 0.0, 0.0)
    nr, ng, nb = colours.negative or (0.0, 0.0, 0.0)
    d = COLOUR_DIGITS
    return FrameColours(
        mode=round(colours.mode, d),
        above=round(colours.above, d),
        below=round(colours.below, d),
        density=(round(r, d), round(g, d), round(b, d)) if colours.density else None,
        negative=(round(nr, d), round(ng, d), round(nb, d))
        if colours.negative
        else None,
    )


def _rounded_sizes(sizes: FrameSizes) -> FrameSizes:
    body = sizes.body_um_per_px
    return FrameSizes(
        red_px=tuple(round(d, SIZE_DIGITS) for d in sizes.red_px),
        nuclei_px=tuple(round(d, SIZE_DIGITS) for d in sizes.nuclei_px),
        body_um_per_px=None if body is None else round(body, SCALE_DIGITS),
    )


class Evidence:
    """All that the frames of one slide bear witness of."""

    def __init__(
        self,
        scale_um_per_px: float | None,
        *,
        is_sequence: bool,
        earlier: Gathered = NOTHING_GATHERED,
    ) -> None:
        """Begin with what the frames before an interruption bore witness of.

        Args:
            scale_um_per_px: The scale that was given, None where unknown.
            is_sequence: The frames show one slide under a moving stage, most of them
                several times.
            earlier: As the records have it.
        """
        self._scale, self._is_sequence = scale_um_per_px, is_sequence
        self._gathered = earlier
        self._estimate: SourceScale | None = None

    def add(self, report: ImageReport, bearing: Bearing | None) -> None:
        """Take in what became of a frame, and what it bears witness of."""
        number = self._gathered.n_frames
        self._gathered = together(self._gathered, gather(report, bearing, number))
        if bearing is not None and bearing.sizes is not None:
            self._estimate = None

    @property
    def frames(self) -> dict[str, int]:
        """How many were `screened`, `refused` (copies as well) and `skipped`."""
        found = dict(self._gathered.statuses)
        n_copies = found.pop("copy", 0)
        return _summed(found, {"refused": n_copies} if n_copies else {})

    def doubts(self) -> tuple[Doubt, ...]:
        """Return what forbids a negative, what spoils the calls first."""
        found = (
            self._colours(),
            self._scale_off(),
            self._compressed(),
            self._few_bits(),
            self._tags(),
            self._mixed(),
            self._lost(),
        )
        return tuple(d for d in found if d is not None)

    def _colours(self) -> Doubt | None:
        order = order_of(list(self._gathered.colours.values()))
        return None if order == "right" else _doubt(message(order), "colours-cure")

    def remarks(self) -> tuple[Message, ...]:
        """Return what a reader must know that forbids nothing."""
        given, estimate = self._scale, self._estimated()
        if given is None or self._scale_off():
            return ()
        unconfirmed = message("scale-unconfirmed", given=f"{given:.3g}")
        if estimate.um_per_px is None:
            return (unconfirmed,)
        off = given / estimate.um_per_px - 1
        if estimate.high > MAX_SPREAD * estimate.low:
            return (unconfirmed,) if abs(off) > MAX_MISMATCH else ()
        if abs(off) <= MIN_REMARK:
            return ()
        return (
            message(
                "scale-near",
                p=f"{100 * off:+.0f}",
                um=f"{estimate.um_per_px:.3g}",
                low=f"{estimate.low:.3g}",
                high=f"{estimate.high:.3g}",
                given=f"{given:.3g}",
            ),
        )

    def _scale_off(self) -> Doubt | None:
        if self._scale is None:
            return None
        ratio = self._estimated().contradicts(self._scale)
        if ratio is None:
            return None
        um = f"{ratio * RED_CELL_UM:.1f}"
        reason = message("scale-off", um=um, expected=f"{RED_CELL_UM:g}")
        return _doubt(reason, "scale-off-cure")

    def _estimated(self) -> SourceScale:
        """Estimate anew only where more was measured."""
        if self._estimate is None:
            self._estimate = estimate_source_scale(self._gathered.sizes)
        return self._estimate

    def _compressed(self) -> Doubt | None:
        q = self._gathered.jpeg_quality
        if q is None or q >= MIN_JPEG_QUALITY:
            return None
        return _doubt(
            message("compressed", q=q, least=MIN_JPEG_QUALITY), "compressed-cure"
        )

    def _few_bits(self) -> Doubt | None:
        bits = self._gathered.bits_per_px
        if bits is None or bits >= MIN_BITS_PER_PX:
            return None
        reason = message("few-bits", b=f"{bits:.2g}", least=f"{MIN_BITS_PER_PX:g}")
        return _doubt(reason, "few-bits-cure")

    def _tags(self) -> Doubt | None:
        said = self._gathered.um_per_px
        if not said or self._scale is None:
            return None
        off = [s for s in said if abs(s / self._scale - 1) > MAX_MISMATCH]
        if not off:
            return None
        reason = message("tags", said=f"{off[0]:.3g}", given=f"{self._scale:.3g}")
        return _doubt(reason, "scale-off-cure")

    def _mixed(self) -> Doubt | None:
        n = len(self._gathered.shapes_px)
        return (
            None if n < 2 else _doubt(message("sizes-mixed", k=n), "sizes-mixed-cure")
        )

    def _lost(self) -> Doubt | None:
        if n_lost := self._gathered.n_lost:
            return _doubt(message("frames-lost", k=n_lost), "left-out-cure")
        screened, refused, skipped = (
            self._gathered.statuses.get(name, 0)
            for name in ("screened", "refused", "skipped")
        )
        n = screened + refused + skipped
        n_judged = n - skipped
        is_part = skipped > MAX_LEFT_OUT * n
        if not self._is_sequence:
            n_judged -= refused
            is_part |= refused > MAX_REFUSED * n
        if not is_part:
            return None
        return _doubt(message("left-out", k=n_judged, n=n), "left-out-cure")


def _doubt(reason: Message, cure: str) -> Doubt:
    return Doubt(reason=reason, cure=message(cure), spoils_calls=reason.id in SPOILED)
