"""The slides that were looked at last, as they were folded; no more than a few of them.

A device runs for months. What is kept of each slide for ever would fill its memory, and
folding a slide anew from its events takes milliseconds.
"""

import threading

from leukoscope_edge.records.slides.slide import SlideRecord

N_SLIDES = 32
"""The 30 that Home lists, and those at work. One of 200 cells takes some 0.2 MB
(`tools/measure_year.py`)."""


class SlideCache:
    """Remembers the last used slides; safe to share between threads."""

    def __init__(self, n_slides: int = N_SLIDES) -> None:
        """Remember none.

        Args:
            n_slides: How many at most.
        """
        self._n_slides = n_slides
        self._records: dict[str, SlideRecord] = {}  # the last used stands last
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._records)

    def find(self, slide: str) -> SlideRecord | None:
        """Return a slide as it was kept last, None where it is not remembered."""
        return self._records.get(slide)

    def keep(self, record: SlideRecord) -> None:
        """Remember a slide, and forget the one whose last use is longest ago."""
        with self._lock:
            self._records.pop(record.id, None)
            self._records[record.id] = record
            if len(self._records) > self._n_slides:
                del self._records[next(iter(self._records))]

    def forget(self) -> None:
        """Remember none: what was kept may not be so."""
        with self._lock:
            self._records.clear()
