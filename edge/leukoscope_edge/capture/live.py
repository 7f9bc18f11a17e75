"""A camera that may hang, die, be unplugged and come back, behind one calm `read`.

The driver works in a process of its own. `read` returns within seconds whatever that
process does: a frame, or a fault that says what is wrong now. A process that does not
answer is killed; a camera that fails is opened anew, at once when it was unplugged and
is back, else after growing pauses.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from leukoscope_edge.camera_settings import CameraSettings
from leukoscope_edge.capture.child import Answer, Child
from leukoscope_edge.capture.driver import Shot
from leukoscope_edge.capture.driver_process import command as driving_command
from leukoscope_edge.capture.frame_check import FrameCheck
from leukoscope_edge.errors import SourceError, as_told
from leukoscope_edge.messages import Message, message, told_from
from leukoscope_edge.types import Domain, Fault, Frame

FIRST_ANSWER_S = 10.0
"""A cold Raspberry Pi reads Python and OpenCV from its card in about half of it."""
ANSWER_S = 2.5
"""The process promises an answer within a second."""
FIRST_PICTURE_S = 10.0
"""Jetson's camera service takes up to half of it to start a sensor."""
PICTURE_S = 2.0
"""The slowest camera of use gives ten times as many."""
PAUSES_S = (1.0, 30.0)
"""Before the second attempt to open a camera, and the longest there is."""
LOOK_AGAIN_S = 0.5
MAX_BAD_PICTURES = 15
"""In a row, then the camera is opened anew: a second at the usual rate."""


class Pauses:
    """Growing pauses between attempts; they begin anew after a success."""

    def __init__(self) -> None:
        """Begin with the shortest."""
        self._next_s = PAUSES_S[0]

    def take(self) -> float:
        """Return the pause before the next attempt, in seconds."""
        now_s, self._next_s = self._next_s, min(2 * self._next_s, PAUSES_S[1])
        return now_s

    def reset(self) -> None:
        """Begin anew."""
        self._next_s = PAUSES_S[0]


@dataclass(slots=True, kw_only=True)
class Opened:
    """A camera's process and what is known of it so far.

    Attributes:
        child: The process.
        gate: Judges its pictures.
        first_picture_by_s: Monotonic time until which no picture is no fault.
        has_answered: It has begun to answer; from now on it answers quickly.
        n_bad: Bad pictures in a row for which the driver is to blame.
    """

    child: Child
    gate: FrameCheck
    first_picture_by_s: float
    has_answered: bool = False
    n_bad: int = 0

    def next_shot(self) -> Shot | None:
        """Return the next picture, None while the camera is still starting.

        Raises:
            SourceError: It fails, or gives no picture in time.
        """
        until_s = time.monotonic() + PICTURE_S
        while time.monotonic() < until_s:
            patience_s = ANSWER_S if self.has_answered else FIRST_ANSWER_S
            answer = self.child.ask({}, timeout_s=patience_s)
            self.has_answered = True
            if answer.payload:
                self.first_picture_by_s = 0.0
                return shot_of(answer)
            if trouble := answer.header.get("trouble"):
                raise SourceError(told_from(trouble))
        if time.monotonic() < self.first_picture_by_s:
            return None
        raise SourceError(message("camera-no-picture"))


class LiveCamera:
    """One real camera, as a source of frames."""

    domain: Domain = "real"

    def __init__(
        self,
        settings: CameraSettings,
        *,
        scale_um_per_px: float | None,
        n_frames: int | None = None,
        command: Callable[[CameraSettings], Sequence[str]] = driving_command,
    ) -> None:
        """Remember what to open; the first `read` opens it.

        Args:
            settings: Which camera, and its locks.
            scale_um_per_px: The calibration, None where unknown.
            n_frames: End after so many frames and faults; None: never.
            command: Makes the command line of the camera's process.
        """
        self._settings = settings
        self._command = command
        self._opened: Opened | None = None
        self._pauses = Pauses()
        self._n_read = 0
        self._open_at_s = time.monotonic()
        self._trouble: str | Message = ""
        self.scale_um_per_px = scale_um_per_px
        self.n_frames = n_frames

    def read(self) -> Frame | Fault | None:
        """Return a frame of now, or what is wrong now; None after the last."""
        if self._n_read == self.n_frames:
            return None
        name, self._n_read = f"frame {self._n_read:06d}", self._n_read + 1
        try:
            opened = self._opened or self._open()
            shot = self._next_shot(opened)
        except SourceError as err:
            return Fault(name=name, reason=message("camera-says", why=as_told(err)))
        reason = self._look_at(shot, opened)
        if reason is not None:
            return Fault(name=name, reason=message("picture", why=reason))
        return Frame(name=name, pixels=shot.pixels, time_s=shot.time_s)

    def __enter__(self) -> "LiveCamera":
        return self

    def __exit__(self, *_: object) -> None:
        if self._opened is not None:
            self._opened.child.close()
            self._opened = None

    def _next_shot(self, opened: Opened) -> Shot:
        try:
            shot = opened.next_shot()
        except SourceError as err:
            self._drop(as_told(err))
            raise
        if shot is None:
            raise SourceError(message("camera-starts"))
        return shot

    def _open(self) -> Opened:
        self._wait_for_turn()
        self._opened = Opened(
            child=Child(self._command(self._settings)),
            gate=FrameCheck(self._settings),
            first_picture_by_s=time.monotonic() + FIRST_PICTURE_S,
        )
        return self._opened

    def _wait_for_turn(self) -> None:
        """Return when the camera may be opened; raise what is wrong until then."""
        device = self._settings.device
        if not self._settings.is_plugged_in:
            time.sleep(LOOK_AGAIN_S)
            self._open_at_s = time.monotonic()
            raise SourceError(message("camera-unplugged", camera=device))
        wait_s = self._open_at_s - time.monotonic()
        if wait_s > LOOK_AGAIN_S:
            time.sleep(LOOK_AGAIN_S)
            again = message("next-attempt", why=self._trouble, n=f"{wait_s:.0f}")
            raise SourceError(again)
        time.sleep(max(0.0, wait_s))

    def _drop(self, trouble: str | Message) -> None:
        """Give the camera's process up and plan the next attempt."""
        if self._opened is not None:
            self._opened.child.kill()
            self._opened = None
        self._trouble = trouble
        self._open_at_s = time.monotonic() + self._pauses.take()

    def _look_at(self, shot: Shot, opened: Opened) -> Message | None:
        """Return what is wrong with a picture; too many such give the camera up."""
        bad = opened.gate.check(shot, time.monotonic())
        if bad is None:
            self._pauses.reset()
            opened.n_bad = 0
            return None
        opened.n_bad += bad.blames_driver
        if opened.n_bad == MAX_BAD_PICTURES:
            self._drop(message("its-picture", why=bad.reason))
        return bad.reason


def shot_of(answer: Answer) -> Shot:
    """Return the picture in an answer.

    Raises:
        SourceError: It lacks a field, or one is not what it should be.
    """
    header = answer.header
    try:
        pixels = np.frombuffer(answer.payload, header["dtype"])
        exposure_us = header["exposure_us"]
        return Shot(
            pixels=pixels.reshape(tuple(header["shape"])),
            time_s=float(header["time_s"]),
            exposure_us=None if exposure_us is None else float(exposure_us),
        )
    except (KeyError, TypeError, ValueError) as err:
        raise SourceError(message("camera-gave-none", why=repr(err))) from err
