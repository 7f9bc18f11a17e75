"""The camera's own process: reads a driver as fast as it comes, hands out the newest.

`python -m leukoscope_edge.capture.driver_process SETTINGS`, SETTINGS being the camera's
settings as JSON. One thread sits in the driver and may block for ever; the other
answers each question within a second, so that a parent can tell "no picture" from
"no process".
"""

import dataclasses
import json
import os
import sys
import threading
from functools import partial
from importlib import import_module
from typing import Any

from leukoscope_edge.camera_settings import CameraSettings, settings_of
from leukoscope_edge.capture.child import Answers
from leukoscope_edge.capture.driver import Driver, OpenDriver, Shot
from leukoscope_edge.isolated import command_of
from leukoscope_edge.log import start_log
from leukoscope_edge.messages import Message, told_plain

ANSWER_WITHIN_S = 1.0
GOODBYE_S = 1.5
"""Time for a driver to let go of its camera; less than the parent waits."""


class Newest:
    """The newest shot that nobody has taken, handed from one thread to another."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._changed = threading.Condition()
        self._shot: Shot | None = None
        self._trouble: str | Message | None = None
        self.is_wanted = True

    def put(self, shot: Shot) -> None:
        """Replace the shot that waits."""
        with self._changed:
            self._shot = shot
            self._changed.notify()

    def fail(self, trouble: str | Message) -> None:
        """Say that no more will come, and why."""
        with self._changed:
            self._trouble = trouble
            self._changed.notify()

    def take(self, timeout_s: float) -> Shot | str | Message | None:
        """Return a shot, the reason why none will come, or None for "not yet"."""
        with self._changed:
            self._changed.wait_for(lambda: self._shot or self._trouble, timeout_s)
            shot, self._shot = self._shot, None
            return shot or self._trouble


def open_driver(settings: CameraSettings) -> Driver:
    """Open a camera with the driver of its kind: the module of that name in this room.

    Raises:
        SourceError: It cannot be opened or set as asked.
    """
    module = import_module(f"leukoscope_edge.capture.{settings.kind}")
    driver: Driver = module.open_driver(settings)
    return driver


def serve(open_: OpenDriver) -> None:
    """Answer the parent's questions with a driver's shots until it hangs up."""
    answers, newest = Answers(), Newest()
    reader = threading.Thread(target=_drive, args=(open_, newest), daemon=True)
    reader.start()
    for _ in answers.questions():
        _answer(answers, newest.take(ANSWER_WITHIN_S))
    newest.is_wanted = False
    reader.join(GOODBYE_S)


def _drive(open_: OpenDriver, newest: Newest) -> None:
    try:
        with open_() as driver:
            _read_all(driver, newest)
    except Exception as err:  # whatever a driver does, the parent is told  # noqa: BLE001
        newest.fail(getattr(err, "told", None) or str(err) or type(err).__name__)


def _read_all(driver: Driver, newest: Newest) -> None:
    while newest.is_wanted:
        newest.put(driver.read())


def _answer(answers: Answers, item: Shot | str | Message | None) -> None:
    if not isinstance(item, Shot):
        answers.send({"trouble": told_plain(item) if item else None})
        return
    header: dict[str, Any] = {
        "shape": item.pixels.shape,
        "dtype": str(item.pixels.dtype),
        "time_s": item.time_s,
        "exposure_us": item.exposure_us,
    }
    answers.send(header, item.pixels.tobytes())


def command(settings: CameraSettings) -> list[str]:
    """Return the command line of a camera's process."""
    text = json.dumps(dataclasses.asdict(settings))
    return [*command_of("leukoscope_edge.capture.driver_process", text)]


if __name__ == "__main__":
    start_log()
    serve(partial(open_driver, settings_of(json.loads(sys.argv[1]))))
    os._exit(0)  # a driver that still hangs must not keep the process
