"""Which frames of a slide are searched for cells: those that show something new.

A hand-moved stage shows each place some fifteen times. The places that matter are
those near which a nucleus could stand (`vision.near_nuclei`). A frame is searched
where the stage has gone on by a part of a frame, where it shows such places sharper
than what was searched before, and now and then as a check, whatever it shows; in
between, cells that are known are followed by the stage's motion alone
(`vision.following`). No place is passed over: a frame that was not searched and shows
such a place farther from the rim than every search is held until a later frame shows
as much, and searched after all where none does in time. At a resting stage, which
trembles by a pixel or two, frames wait until it goes on, and most are let go then.
A power cut takes the frames that are held, MAX_HELD at most: the count goes on without
them, and a cell that only they showed whole is lost.

It is asked in the frames' order, and knows what was searched, not what was found: so
it says the same however many searches run at once.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from leukoscope_edge.arrays import F64, BoolArray
from leukoscope_edge.types import Frame
from leukoscope_edge.vision import Placement, near_nuclei, places_along

STEP = 0.2
"""Of a frame's width or height: gone on so far, a frame is searched. A place is then
searched four times on its way, as often as cells keep sightings, and once more."""
N_LOOKS = 3
"""Searches that show a place so well are enough; as `cells.MAX_KEPT`."""
FAR, MIN_NEW = 0.6, 0.02
"""Gone on so far, a frame is searched whatever it shows, where so large a part of its
places never was: each place once, though no nucleus could be told there. The rest of
the frame is wider than the largest cell."""
N_SHARP, MIN_SHARPER, AS_SHARP = 2, 0.6, 0.95
"""A frame is searched where it is among the sharpest so far, by its focus
(`vision.quality`), of so large a part of the places that matter: those sightings vote.
What is as sharp is as sharp within what the focus owes to the cells in view."""
DEEP_UM = 10.0
"""From the rim, the middle of the largest cells of blood is seen whole."""
SPACING_UM = 4.0
"""Of the places that stand for a frame: half a small cell."""
AS_DEEP_UM, NEARLY_UM = 2.5, 0.1
"""Nearer to the rim by less, a place is seen as well: for one of several looks, and
for the only one. The second is a pixel of an oil objective: with a quarter of a
micrometre a cell that is whole in one frame was lost on 40 slides, with none hardly a
frame is spared (docs/decisions/0012)."""
MIN_SURE = 0.9
"""Correlation of a frame with the one before. Steady slides have 0.93 and more in 95
of 100 frames; where it is less, the place of known cells is not sure."""
MAX_FOLLOWED = 20
"""Frames in a row that are not searched: two seconds. None is held longer
either, faults apart: what shows nothing, as a camera that froze, lets nothing go."""
MAX_HELD, MAX_HELD_SIZE = 6, 3 * 2_000_000
"""Frames that are held, and the values in them; one, however large. Where three are
held a quarter more are searched late, while more than six hardly ever wait."""
MAX_REMEMBERED = 64
"""Searches; what was searched longer ago is searched anew."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """A judged frame that could be searched.

    Attributes:
        frame: The frame.
        place: Where it lies on the slide.
        focus: How crisp it is, 0..1.
        nuclear: (h, w) bool, near which of its places, `SPACING_UM` apart, a nucleus
            could stand (`vision.near_nuclei`).
    """

    frame: Frame
    place: Placement
    focus: float
    nuclear: BoolArray

    @property
    def shape_px(self) -> tuple[int, int]:
        """Height and width."""
        height, width = self.frame.pixels.shape[:2]
        return height, width


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchedPlace:
    """A frame that was searched, without its picture: many are remembered.

    Attributes:
        place: Where it lies on the slide.
        focus: How crisp it is, 0..1.
        shape_px: Height and width.
    """

    place: Placement
    focus: float
    shape_px: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What is searched now.

    Attributes:
        now: The frame in question.
        before: Earlier ones that are searched first.
    """

    now: bool = True
    before: tuple[Candidate, ...] = ()


@dataclass(slots=True, kw_only=True, eq=False)
class _Held:
    """A frame that was not searched.

    Attributes:
        candidate: The frame.
        unseen: (h, w) bool, which of its places that matter neither a search nor a
            later frame shows as far from the rim.
        n_turns: Frames since, faults apart.
    """

    candidate: Candidate
    unseen: BoolArray
    n_turns: int = 0


class SearchPlan:
    """The frames of one slide that were searched, and those that are held."""

    def __init__(self, scale_um_per_px: float) -> None:
        """Start with none.

        Args:
            scale_um_per_px: Of the frames.
        """
        self._scale_um_per_px = scale_um_per_px
        self._searched: deque[SearchedPlace] = deque(maxlen=MAX_REMEMBERED)
        self._held: list[_Held] = []
        self._last: SearchedPlace | None = None
        self._searched_last: SearchedPlace | None = None
        self._n_followed, self._is_sure = 0, False

    def candidate(self, frame: Frame, place: Placement, focus: float) -> Candidate:
        """Return a judged frame as one that could be searched.

        Args:
            frame: The frame, of blood.
            place: Where it lies on the slide.
            focus: How crisp it is, 0..1.
        """
        scale = self._scale_um_per_px
        nuclear = near_nuclei(frame.pixels, scale, SPACING_UM)
        return Candidate(frame=frame, place=place, focus=focus, nuclear=nuclear)

    def interrupt(self, place: Placement | None = None) -> tuple[Candidate, ...]:
        """Take note of a frame that was not judged: the next one is searched.

        Args:
            place: Where it lies; None: not known.

        Returns:
            The held frames that are searched now.
        """
        self._is_sure = False
        has_joined = place is not None and place.joined is not None
        return self.left() if has_joined else self._overdue()

    def due(self, candidate: Candidate) -> Due:
        """Say whether the next judged frame is searched, and which held ones are.

        Args:
            candidate: The frame, in the frames' order.
        """
        if self._is_elsewhere(candidate):
            before = self.left()
            self._searched.clear()
        else:
            self._let_go(candidate, 0.0)
            before = self._overdue()
        now = self._is_due(candidate)
        self._is_sure, self._last = True, _past(candidate)
        if now:
            self._note_search(candidate)
            self._searched_last, self._n_followed = self._last, 0
        else:
            self._hold(candidate)
            self._n_followed += 1
        return Due(now=now, before=before)

    def left(self) -> tuple[Candidate, ...]:
        """Let go of the held frames; return those to be searched after all."""
        left = []
        while self._held:
            left.append(self._search_late())
        return tuple(left)

    def _overdue(self) -> tuple[Candidate, ...]:
        """Return the frame that was held for too long, or for which there is no room.

        One a turn, so that no turn takes much longer than the others.
        """
        if not self._held:
            return ()
        for held in self._held:
            held.n_turns += 1
        oldest = self._held[0]
        room = MAX_HELD_SIZE // oldest.candidate.frame.pixels.size
        is_full = len(self._held) >= min(max(room, 1), MAX_HELD)
        is_old = oldest.n_turns > MAX_FOLLOWED
        return (self._search_late(),) if is_full or is_old else ()

    def _search_late(self) -> Candidate:
        candidate = self._held.pop(0).candidate
        self._note_search(candidate)
        return candidate

    def _note_search(self, candidate: Candidate) -> None:
        self._searched.append(_past(candidate))
        self._let_go(candidate, NEARLY_UM)

    def _hold(self, candidate: Candidate) -> None:
        """Hold a frame that is not searched, where it shows what no search does."""
        seen = self._sees(self._searched, candidate, NEARLY_UM).any(axis=0)
        unseen = np.asarray(candidate.nuclear & ~seen, np.bool_)
        if unseen.any():
            self._held.append(_Held(candidate=candidate, unseen=unseen))

    def _let_go(self, other: Candidate, less_um: float) -> None:
        """Let go of held frames of which another shows all that no search did.

        Args:
            other: A later frame, or one that is searched.
            less_um: Nearer to the rim by less is as far.
        """
        for held in self._held:
            held.unseen &= ~self._sees([other], held.candidate, less_um)[0]
        self._held = [held for held in self._held if held.unseen.any()]

    def _is_elsewhere(self, candidate: Candidate) -> bool:
        """Say whether places of earlier frames do not hold any more."""
        last = self._last
        if last is None or candidate.place.joined is not None:
            return True
        is_resized = last.shape_px != candidate.shape_px
        return is_resized or last.place.island != candidate.place.island

    def _is_due(self, candidate: Candidate) -> bool:
        if not (self._searched and self._searched_last and self._is_sure):
            return True
        if candidate.place.score < MIN_SURE or self._n_followed >= MAX_FOLLOWED:
            return True
        moved, matters = _moved(self._searched_last, candidate), candidate.nuclear
        n_looks, n_sharp = self._n_looks(candidate)
        if moved >= FAR and (n_looks < 1).mean() >= MIN_NEW:
            return True
        if not matters.any():
            return False
        if (n_sharp[matters] < N_SHARP).mean() >= MIN_SHARPER:
            return True
        return moved >= STEP and bool((n_looks[matters] < N_LOOKS).any())

    def _n_looks(self, candidate: Candidate) -> tuple[F64, F64]:
        """Return how often each place was searched as well as this frame shows it.

        Returns:
            (h, w) how often at all, and how often in a frame that is as sharp.
        """
        sees = self._sees(self._searched, candidate, AS_DEEP_UM).astype(np.float64)
        focus = np.array([s.focus for s in self._searched])
        is_sharp = focus >= AS_SHARP * candidate.focus
        return sees.sum(axis=0), sees[is_sharp].sum(axis=0)

    def _sees(
        self,
        others: Iterable[Candidate | SearchedPlace],
        one: Candidate,
        less_um: float,
    ) -> BoolArray:
        """Say of each place of a frame whether others show it as far from their rim.

        Args:
            others: The other frames; those that do not overlap show nothing.
            one: The frame.
            less_um: Nearer to the rim by less is as far.

        Returns:
            (n, h, w) bool, of places `SPACING_UM` apart.
        """
        height, width = one.shape_px
        at = [(o.place.x_px, o.place.y_px) for o in (one, *others)]
        moved_px = np.array(at[0]) - np.array(at)
        overlap = (np.abs(moved_px[1:]) < (width, height)).all(axis=1)
        depths = self._depths(one.shape_px, moved_px)
        is_deep = depths[1:] >= depths[0] - less_um / self._scale_um_per_px
        return np.asarray(is_deep & overlap[:, None, None], np.bool_)

    def _depths(self, shape_px: tuple[int, int], moved_px: F64) -> F64:
        """Return how far places lie from the rim, at most as far as matters.

        Args:
            shape_px: Height and width of the frame.
            moved_px: (n, 2), added to x and y of each place.

        Returns:
            (n, h, w).
        """
        step_px, deep_px = (v / self._scale_um_per_px for v in (SPACING_UM, DEEP_UM))
        down, across = (
            _to_rim(length, step_px, moved_px[:, axis], deep_px)
            for length, axis in ((shape_px[0], 1), (shape_px[1], 0))
        )
        return np.asarray(np.minimum(down[:, :, None], across[:, None, :]), np.float64)


def _to_rim(length_px: int, step_px: float, moved_px: F64, deep_px: float) -> F64:
    """Return (n, m), how far m places along a side lie inside it, -1 for outside."""
    at = places_along(length_px, step_px) + moved_px[:, None]
    return np.asarray(np.clip(np.minimum(at, length_px - at), -1, deep_px), np.float64)


def _moved(before: SearchedPlace, after: Candidate) -> float:
    """Return how far two frames lie apart, in their widths or heights."""
    height, width = after.shape_px
    across = abs(after.place.x_px - before.place.x_px) / width
    return float(max(across, abs(after.place.y_px - before.place.y_px) / height))


def _past(candidate: Candidate) -> SearchedPlace:
    return SearchedPlace(
        place=candidate.place, focus=candidate.focus, shape_px=candidate.shape_px
    )
