"""What a slide's frames say of its pictures, summed: scale, colours, compression.

What a verdict rests on beside the cells; `evidence.py` judges it. It does not grow
with the frames, and is kept whole in the records, as `gathered`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from leukoscope_edge.screening_result import ImageReport
from leukoscope_edge.types import Frame
from leukoscope_edge.vision import FrameColours, measure_colours, quality_from_pixels
from leukoscope_edge.vision.scale import (
    PLAUSIBLE_UM_PER_PX,
    FrameScale,
    FrameSizes,
    measure_sizes,
    scale_of_frame,
)

N_MEASURED = 24
"""Frames whose cells are measured for the scale, 35 ms each on one core."""
MEASURED_AT_ONCE, MEASURED_EVERY = 12, 10
"""The first frames, and then one in so many."""
N_COLOURS = 512
"""Frames whose colours are held, at most, evenly over the slide: neither a frame's time
nor the records grow with it."""
COLOUR_DIGITS, SIZE_DIGITS, SCALE_DIGITS, BITS_DIGITS, STRETCH_DIGITS = 3, 2, 5, 3, 3
"""Decimals that are judged and kept: what is read back is the same to the last bit."""
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
        frame_scale: What its cells alone say; None where it was not asked.
        slide_um_per_px: The slide's, as far as it was known then.
    """

    colours: FrameColours
    sizes: FrameSizes | None
    shape_px: tuple[int, int]
    jpeg_quality: int | None
    bits_per_px: float | None
    um_per_px: float | None
    frame_scale: FrameScale | None = None
    slide_um_per_px: float | None = None


def bearing_of(
    frame: Frame,
    *,
    measures: bool,
    sizes: FrameSizes | None = None,
    speaks: bool = False,
    slide_um_per_px: float | None = None,
) -> Bearing:
    """Return what a frame bears witness of.

    Args:
        frame: As it came.
        measures: Its cells and its compression, too.
        sizes: Of its cells, where they were measured before.
        speaks: It is asked alone what the scale is.
        slide_um_per_px: Of the slide, as far as it is known.
    """
    if measures and sizes is None:
        sizes = measure_sizes(frame.pixels)
    said, (low, high) = frame.facts.um_per_px, PLAUSIBLE_UM_PER_PX
    height, width = frame.pixels.shape[:2]
    return Bearing(
        colours=measure_colours(frame.pixels),
        sizes=sizes if measures else None,
        shape_px=(width, height),
        jpeg_quality=poorer(
            frame.facts.jpeg_quality,
            quality_from_pixels(frame.pixels) if measures else None,
        ),
        bits_per_px=frame.facts.bits_per_px,
        um_per_px=said if said and low <= said <= high else None,
        frame_scale=scale_of_frame(sizes) if speaks and sizes else None,
        slide_um_per_px=slide_um_per_px,
    )


def poorer(a: Number | None, b: Number | None) -> Number | None:
    """Return the lesser of two numbers, None where neither is known."""
    known = [q for q in (a, b) if q is not None]
    return min(known, default=None)


def is_measured(number: int) -> bool:
    """Say whether the cells of a frame are measured for the scale.

    Args:
        number: Of the frame, from 0.
    """
    later = N_MEASURED - MEASURED_AT_ONCE
    return is_asked(number) and number < MEASURED_AT_ONCE + later * MEASURED_EVERY


def is_asked(number: int) -> bool:
    """Say whether the cells of a frame are asked whether its scale is the slide's.

    Args:
        number: Of the frame, from 0.
    """
    turn, rest = divmod(number - MEASURED_AT_ONCE, MEASURED_EVERY)
    return turn < 0 or rest == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What frames bear witness of, together: small, and whole in the records.

    Attributes:
        n_frames: How many there were.
        statuses: Of these, without copies, how many were `screened`, `refused` and
            `skipped`; and how many were a `copy`.
        n_lost: Frames that are missing from a video.
        colours: Of frames evenly over the slide, by the frame's number from 0.
        sizes: Of cells, of each frame in which they were measured and that was judged.
        shapes_px: Every width and height that there was.
        jpeg_quality: The poorest; None where no frame ever was a JPEG.
        bits_per_px: The fewest of a video's key frame; None where there was none.
        um_per_px: Every scale that a file named, the first one first.
        light: What lamp and stain measured, in a frame now and then, by its name.
        frame_scales: What the cells of one frame now and then say of its scale, of
            those that were judged.
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
    frame_scales: tuple[FrameScale, ...] = ()


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
    is_judged = report.status == "screened"
    alone_says = bearing.frame_scale if is_judged else None
    return replace(
        alone,
        colours={number: _rounded_colours(bearing.colours)} if is_held else {},
        sizes=(_rounded_sizes(bearing.sizes),) if bearing.sizes and is_judged else (),
        shapes_px=(bearing.shape_px,),
        jpeg_quality=bearing.jpeg_quality,
        bits_per_px=None if bits is None else round(bits, BITS_DIGITS),
        um_per_px=() if said is None else (round(said, SCALE_DIGITS),),
        frame_scales=(_rounded_scale(alone_says),) if alone_says else (),
    )


def together(a: Gathered, b: Gathered) -> Gathered:
    """Return what earlier and later frames of a slide bear witness of together."""
    n_frames = a.n_frames + b.n_frames
    every = _every(n_frames - 1)
    colours = {n: c for n, c in {**a.colours, **b.colours}.items() if n % every == 0}
    return Gathered(
        n_frames=n_frames,
        statuses=summed(a.statuses, b.statuses),
        n_lost=a.n_lost + b.n_lost,
        colours=colours,
        sizes=(*a.sizes, *b.sizes),
        shapes_px=tuple(dict.fromkeys((*a.shapes_px, *b.shapes_px))),
        jpeg_quality=poorer(a.jpeg_quality, b.jpeg_quality),
        bits_per_px=poorer(a.bits_per_px, b.bits_per_px),
        um_per_px=tuple(dict.fromkeys((*a.um_per_px, *b.um_per_px))),
        light={
            name: (*a.light.get(name, ()), *b.light.get(name, ()))
            for name in {**a.light, **b.light}
        },
        frame_scales=(*a.frame_scales, *b.frame_scales),
    )


def _every(number: int) -> int:
    """Return of how many frames one's colours are held, when this one comes."""
    return 1 << (number // N_COLOURS).bit_length()


def summed(a: Mapping[str, int], b: Mapping[str, int]) -> dict[str, int]:
    """Return the counts of both by their names."""
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


def _rounded_scale(said: FrameScale) -> FrameScale:
    return replace(said, diameter_px=round(said.diameter_px, SIZE_DIGITS))


def _rounded_sizes(sizes: FrameSizes) -> FrameSizes:
    body = sizes.body_um_per_px
    return FrameSizes(
        red_px=tuple(round(d, SIZE_DIGITS) for d in sizes.red_px),
        nuclei_px=tuple(round(d, SIZE_DIGITS) for d in sizes.nuclei_px),
        body_um_per_px=None if body is None else round(body, SCALE_DIGITS),
        stretches=tuple(round(s, STRETCH_DIGITS) for s in sizes.stretches),
    )
