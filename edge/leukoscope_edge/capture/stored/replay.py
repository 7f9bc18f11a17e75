"""Replay of stored images and videos as if they came from a camera."""

from collections import deque
from pathlib import Path

from leukoscope_edge.capture.stored.decoder_process import Decoder
from leukoscope_edge.capture.stored.listing import (
    IMAGE_SUFFIXES,
    list_late,
    stamps_of,
    why_unread,
)
from leukoscope_edge.errors import SourceError
from leukoscope_edge.messages import Message, message
from leukoscope_edge.names import shown
from leukoscope_edge.types import Domain, Fault, Frame

FRAME_INTERVAL_S = 0.1
"""Nominal time between the images of a folder: ten frames a second."""
MAX_MISCOUNT, MISCOUNT_SHARE = 2, 0.05
"""Containers count frames from their length and rate, and round: so many frames, and no
more than so much of a short video."""


class ImageReplay:
    """A list of image files, one frame for each field in them, in the order given."""

    domain: Domain = "real"

    def __init__(
        self,
        paths: list[Path],
        scale_um_per_px: float | None,
        *,
        folder: Path | None = None,
        has_folders: bool = True,
    ) -> None:
        """Remember what to read; files are opened one by one in `read`.

        Args:
            paths: The files.
            scale_um_per_px: Of all of them, None where unknown.
            folder: Where these are all pictures of it: those that came or changed
                meanwhile, as of a copy that goes on, are faults at the end.
            has_folders: Whether folders of pictures in it are part of it, and listed;
                in an archive they are slides of their own.
        """
        self._waiting = deque((path, 0) for path in paths)
        self._late: deque[Path] | None = None
        self._stamps = stamps_of(paths) if folder else {}
        self._folder, self._has_folders = folder, has_folders
        self._decoder = Decoder()
        self._next = 0
        self.scale_um_per_px = scale_um_per_px
        self.n_frames: int | None = len(paths)

    def read(self) -> Frame | Fault | None:
        """Return the next image, a fault that says why not, or None at the end."""
        if not self._waiting:
            return self._read_late()
        path, page = self._waiting.popleft()
        time_s = self._next * FRAME_INTERVAL_S
        self._next += 1
        name = shown(path.name)
        if path.suffix.lower() not in IMAGE_SUFFIXES:
            return Fault(name=name, reason=why_unread(path))
        try:
            picture = self._decoder.image(path, page)
        except SourceError as err:
            return Fault(name=_page_name(name, page), reason=_why_not(err))
        if page == 0:
            more = range(1, picture.n_pages)
            self._waiting.extendleft((path, k) for k in reversed(more))
        if picture.n_pages > 1:
            name = _page_name(name, page)
        return Frame(
            name=name, pixels=picture.pixels, time_s=time_s, facts=picture.facts
        )

    def _read_late(self) -> Fault | None:
        if self._late is None:
            self._late = deque(self._find_late())
        if not self._late:
            return None
        name = shown(self._late.popleft().name)
        return Fault(name=name, reason=message("file-late"))

    def _find_late(self) -> list[Path]:
        if self._folder is None:
            return []
        return list_late(self._folder, self._stamps, has_folders=self._has_folders)

    def __enter__(self) -> "ImageReplay":
        return self

    def __exit__(self, *_: object) -> None:
        self._decoder.close()


class VideoReplay:
    """A video file, frame by frame."""

    domain: Domain = "real"

    def __init__(self, path: Path, scale_um_per_px: float | None) -> None:
        """Open the file.

        Raises:
            SourceError: OpenCV finds no video in it.
        """
        self._decoder: Decoder | None = Decoder()
        try:
            video = self._decoder.open_video(path)
        except SourceError as err:
            self._decoder.close()
            raise SourceError(f"{shown(str(path))}: {err}") from err
        per_s = video.frames_per_s
        self._interval_s = 1 / per_s if per_s > 0 else FRAME_INTERVAL_S
        self._codec, self._is_timed = video.codec, video.is_timed
        self._next = self._n_faults = 0
        self._is_over = False
        self.scale_um_per_px = scale_um_per_px
        self.n_frames: int | None = video.n_frames or None

    def read(self) -> Frame | Fault | None:
        """Return the next frame, a fault for one or for all the rest, None at the end.

        A video that ends before it said it would ends with a fault that counts what is
        missing: a part of a slide must not pass for the whole.
        """
        if self._decoder is None or self._is_over:
            return None
        number, self._next = self._next, self._next + 1
        name = f"frame {number:06d}"
        try:
            picture = self._decoder.next_frame()
        except SourceError as err:
            if not self._decoder.is_running:
                self._decoder = None
            self._n_faults += 1
            return Fault(name=name, reason=_why_not(err))
        if picture is None:
            self._is_over = True
            return self._lost(number, self._decoder)
        time_s = number * self._interval_s
        return Frame(
            name=name, pixels=picture.pixels, time_s=time_s, facts=picture.facts
        )

    def _lost(self, number: int, decoder: Decoder) -> Fault | None:
        """Return a fault where a video ends too soon.

        Where it says its length and no number, a recorder may have paused: what counts
        is when its last frame is shown. A hole in the file leaves a gap like a pause,
        but breaks a frame, and a clock may stand still.

        Args:
            number: Of frames that were there.
            decoder: It came to the end.
        """
        announced, is_cut = self.n_frames or 0, decoder.is_video_cut
        has_clock = self._is_timed and not self._n_faults
        end = round(decoder.last_s / self._interval_s) + 1 if has_clock else 0
        n_lost = announced - max(end, number)
        if number == 0:
            undecoded = message("video-undecoded", codec=self._codec)
            reason = message("file-truncated") if is_cut else undecoded
            return Fault(name="frame 000000", reason=reason)
        if n_lost > (0 if is_cut else min(MAX_MISCOUNT, MISCOUNT_SHARE * announced)):
            reason = message("video-lost", n=n_lost)
        elif is_cut:
            reason = message("video-cut")
        else:
            return None
        return Fault(name=f"frame {number:06d}", reason=reason, n_lost=max(0, n_lost))

    def __enter__(self) -> "VideoReplay":
        return self

    def __exit__(self, *_: object) -> None:
        if self._decoder is not None:
            self._decoder.close()


def _why_not(error: SourceError) -> Message:
    return error.told or message("file-stopped", why=str(error))


def _page_name(name: str, page: int) -> str:
    return f"{name} page {page + 1}" if page else name
