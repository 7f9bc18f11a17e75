"""The command of a camera's process that plays a script instead of a camera."""

import dataclasses
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from leukoscope_edge.camera_settings import (
    CameraSettings,
    PicameraSettings,
)

SCRIPT = Path(__file__).with_name("scripted_driver.py")
SETTINGS = PicameraSettings(
    device="0",
    width_px=64,
    height_px=48,
    frames_per_s=30,
    exposure_us=8000,
)
Command = Callable[[CameraSettings], Sequence[str]]


def scripted(tmp_path: Path, *lives: list[str]) -> Command:
    """The command of a camera that lives through one script after the other."""
    lives_text, counter = json.dumps(lives or [[]]), str(tmp_path / "lives")

    def command(settings: CameraSettings) -> list[str]:
        text = json.dumps(dataclasses.asdict(settings))
        return [sys.executable, str(SCRIPT), text, lives_text, counter]

    return command
