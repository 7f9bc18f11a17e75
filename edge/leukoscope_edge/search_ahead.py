"""Searching for cells in several frames at once, with the result of one by one.

Frames are placed and taken in in their order; only the search and the gate's measures,
which need nothing but the frame, run beside the work on others. How many may wait is
decided here.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Protocol, TypeVar

from leukoscope_edge.types import Fault, Frame

MAX_AHEAD_SIZE = 3 * 2_000_000
"""Values of a frame, two million pixels: several searches in larger ones at once would
need too much memory. In all frames that wait beyond one a thread no more."""
MORE_WAITING = 2
"""Frames that wait beyond one a thread, so that no thread does (docs/engines.md)."""

T = TypeVar("T")


class Seeker(Protocol[T]):
    """A slide under way (`screening.SlideRun`)."""

    def seek(self, item: Frame | Fault, pool: Executor) -> Future[T]:
        """Place a frame, and have its cells sought in a pool of threads."""
        ...

    def take_in(self, looked: T) -> T:
        """Count what a frame showed; in the order of the frames."""
        ...


def look_at_all(
    run: Seeker[T], items: Iterable[Frame | Fault], n_threads: int
) -> Iterator[T]:
    """Look at frame after frame, seeking in several at once.

    Args:
        run: The slide.
        items: What a camera shows.
        n_threads: Searches at once; large frames are searched one by one.

    Yields:
        What one look at each frame gave, in their order.
    """
    waiting: deque[Future[T]] = deque()
    with ThreadPoolExecutor(n_threads) as pool:
        for item in items:
            waiting.append(run.seek(item, pool))
            while len(waiting) > n_ahead(item, n_threads):
                yield run.take_in(waiting.popleft().result())
        while waiting:
            yield run.take_in(waiting.popleft().result())


def n_ahead(item: Frame | Fault, n_threads: int) -> int:
    """Return how many frames may wait behind this one.

    More than there are threads: one frame in three is searched, which takes three times
    as long as all else, and while several in a row are, the next ones are placed.
    """
    size = item.pixels.size if isinstance(item, Frame) else 1
    if n_threads == 1 or size > MAX_AHEAD_SIZE:
        return 0
    return max(n_threads - 1, min(n_threads + MORE_WAITING, MAX_AHEAD_SIZE // size))
