"""What of the pictures of a slide forbids a negative.

Every guard that looks at pictures stands here, on the one road to a verdict: the scale
against the cells, the order of colours, the shape of pixels, compression, sizes, what
the files say of their scale, copies, and how much could not be judged. A negative needs
every one in order; a finding is said with the doubt beside it.
"""

from dataclasses import replace

from leukoscope_edge.counting.gathered import (
    NOTHING_GATHERED,
    Bearing,
    Gathered,
    gather,
    summed,
    together,
)
from leukoscope_edge.messages import Message, message
from leukoscope_edge.outcome import Doubt
from leukoscope_edge.screening_result import ImageReport
from leukoscope_edge.vision import order_of
from leukoscope_edge.vision.scale import (
    MAX_MISMATCH,
    RED_CELL_UM,
    FrameScale,
    SourceScale,
    are_mixed,
    estimate_source_scale,
    frames_off_scale,
    n_contradicting,
    stretch_of,
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
SPOILED = (
    "scale-off",
    "red-blue",
    "red-green",
    "green-blue",
    "inverted",
    "toned",
    "compressed",
    "few-bits",
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
        self._slide_um_per_px = scale_um_per_px
        self._said_alone: dict[str, FrameScale | None] = {}

    def add(self, report: ImageReport, bearing: Bearing | None) -> None:
        """Take in what became of a frame, and what it bears witness of."""
        number = self._gathered.n_frames
        self._gathered = together(self._gathered, gather(report, bearing, number))
        if bearing is None:
            return
        self._slide_um_per_px = bearing.slide_um_per_px or self._slide_um_per_px
        if report.status == "screened":
            self._said_alone[report.name] = bearing.frame_scale
        if bearing.sizes is not None:
            self._estimate = None

    def off_scale(self) -> frozenset[str]:
        """Return the frames that were taken at another scale than the slide's.

        Of those since the last interruption: a live camera numbers its frames anew, so
        that a name from before it is another frame's.
        """
        um_per_px = self._slide_um_per_px
        if um_per_px is None or self._scale_mixed() is None:
            return frozenset()
        return frames_off_scale(self._said_alone, um_per_px)

    @property
    def frames(self) -> dict[str, int]:
        """How many were `screened`, `refused` (copies as well) and `skipped`."""
        found = dict(self._gathered.statuses)
        n_copies = found.pop("copy", 0)
        return summed(found, {"refused": n_copies} if n_copies else {})

    def doubts(self) -> tuple[Doubt, ...]:
        """Return what forbids a negative, what spoils the calls first."""
        found = (
            self._colours(),
            self._squashed(),
            self._scale_off(),
            self._scale_mixed(),
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

    def _squashed(self) -> Doubt | None:
        ratio = stretch_of([s for f in self._gathered.sizes for s in f.stretches])
        if ratio is None:
            return None
        doubt = _doubt(message("squashed", ratio=f"{ratio:.2f}"), "squashed-cure")
        # Narrow cells contradict a scale that is right: the shape is to be mended.
        return replace(doubt, spoils_calls=True) if self._scale_off() else doubt

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

    def _scale_mixed(self) -> Doubt | None:
        spoken, um_per_px = self._gathered.frame_scales, self._slide_um_per_px
        if um_per_px is None or self._scale_off() or not are_mixed(spoken, um_per_px):
            return None
        k, n = n_contradicting(spoken, um_per_px)
        return _doubt(message("scale-mixed", k=k, n=n), "scale-mixed-cure")

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
        if self._scale is None:
            return None
        said = self._gathered.um_per_px
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
