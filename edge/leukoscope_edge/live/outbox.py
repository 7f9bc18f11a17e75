"""The newest news on its way to the page: putting it never waits."""

import contextlib
import threading
from collections import deque
from dataclasses import dataclass, replace
from typing import Protocol

from leukoscope_edge.arrays import U8
from leukoscope_edge.live.channel import Channel
from leukoscope_edge.live.commands import News
from leukoscope_edge.records import jpeg_bytes
from leukoscope_edge.service import yield_thread

JPEG_QUALITY = 80
"""A 640 x 480 frame is then some 60 kB and shows no blocks at arm's length."""
SENDER_NICENESS = 10
"""Encoding the picture for the page yields to the count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """News with its picture not yet encoded."""

    news: News
    pixels: U8 | None


class NewsBox(Protocol):
    """Takes news on their way to the page, as an `Outbox` does."""

    def put(self, draft: Draft) -> None:
        """Replace what was not sent yet."""
        ...


class Outbox:
    """Holds the newest news until it is sent; putting never waits."""

    def __init__(self, line: Channel) -> None:
        """Start the thread that sends."""
        self._line = line
        self._box: deque[Draft] = deque(maxlen=1)
        self._filled = threading.Event()
        threading.Thread(target=self._send_all, daemon=True, name="news").start()

    def put(self, draft: Draft) -> None:
        """Replace what was not sent yet."""
        self._box.append(draft)
        self._filled.set()

    def _send_all(self) -> None:
        yield_thread(SENDER_NICENESS)
        while True:
            self._filled.wait()
            self._filled.clear()
            with contextlib.suppress(IndexError):
                draft = self._box.pop()
                self._line.send(replace(draft.news, jpeg=_jpeg(draft.pixels)))


def _jpeg(pixels: U8 | None) -> bytes:
    return b"" if pixels is None else jpeg_bytes(pixels, JPEG_QUALITY)
