"""A camera with a script of faults, run as a camera's own process.

    python scripted_driver.py SETTINGS LIVES COUNTER

LIVES is a JSON list with one list of steps for each time that the camera is opened; the
last life repeats. COUNTER is a file that grows by a byte each time.
"""

import ctypes
import json
import os
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np

from leukoscope_edge.camera_settings import (
    CameraSettings,
    PicameraSettings,
    settings_of,
)
from leukoscope_edge.capture.driver import Shot
from leukoscope_edge.capture.driver_process import serve
from leukoscope_edge.errors import SourceError

LAMP_LEVEL_PER_US = 0.02


class ScriptedDriver:
    def __init__(self, settings: CameraSettings, steps: list[str]) -> None:
        self._settings = settings
        self._steps = iter(steps)
        self._random = np.random.default_rng(os.getpid())
        self._last = self._good()

    def read(self) -> Shot:
        time.sleep(1 / self._settings.frames_per_s)
        step = next(self._steps, "good")
        pixels, age_s, exposure_us = self._good(), 0.0, self._settings.exposure_us
        if step == "frozen":
            pixels = self._last
        elif step == "black":
            pixels = self._random.integers(0, 4, pixels.shape, np.uint8)
        elif step == "torn":
            pixels[len(pixels) // 2 :] = (0, 135, 0)
        elif step == "small":
            pixels = pixels[::2, ::2]
        elif step == "grey":
            pixels = pixels[..., 0]
        elif step == "late":
            age_s = 5.0
        elif step == "early":
            age_s = -60.0
        elif step == "timeless":
            age_s = float("nan")
        elif step == "drift":
            exposure_us = 3 * (exposure_us or 1)
        elif step == "none":
            raise SourceError("gave no picture")
        elif step == "hang":
            time.sleep(3600)
        elif step == "hold":  # hangs inside C with the interpreter's lock in hand
            ctypes.PyDLL(None).sleep(3600)
        elif step == "crash":
            os.abort()
        self._last = pixels
        return Shot(
            pixels=pixels, time_s=time.monotonic() - age_s, exposure_us=exposure_us
        )

    def __enter__(self) -> "ScriptedDriver":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def _good(self) -> np.ndarray:
        """Noise on what lamp, exposure and gains make; blue is twice too weak."""
        shape = (self._settings.height_px, self._settings.width_px, 3)
        light = LAMP_LEVEL_PER_US * (self._settings.exposure_us or 8000)
        gains = (1.0, 1.0, 1.0)
        if isinstance(self._settings, PicameraSettings):
            red, blue = self._settings.red_gain, self._settings.blue_gain
            gains = (red or 1.0, 1.0, blue or 1.0)
        level = light * np.array([1.0, 1.0, 0.5]) * np.array(gains)
        noise = self._random.normal(0, 2, shape)
        return np.clip(level + noise, 0, 255).astype(np.uint8)


if __name__ == "__main__":
    settings_text, lives_text, counter = sys.argv[1:]
    lives = json.loads(lives_text)
    with Path(counter).open("ab") as file:
        life = file.tell()
        file.write(b".")
    steps = lives[min(life, len(lives) - 1)]
    serve(partial(ScriptedDriver, settings_of(json.loads(settings_text)), steps))
    os._exit(0)
