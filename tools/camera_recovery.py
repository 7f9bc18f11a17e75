"""How long is a camera away after its process was killed? With a stand-in for hardware.

    python tools/camera_recovery.py --kills 200

The camera's process is the scripted driver of the tests: everything is real but the
sensor. It is killed at a random time (`kill -9`), and the clock runs from the kill to
the next good frame.
"""

import argparse
import dataclasses
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from leukoscope_edge.camera_settings import CameraSettings, PicameraSettings
from leukoscope_edge.capture import LiveCamera
from leukoscope_edge.types import Frame

DRIVER = Path(__file__).parents[1] / "tests" / "edge" / "capture" / "scripted_driver.py"
SETTINGS = PicameraSettings(device="0", width_px=640, height_px=480, frames_per_s=30)
LIMIT_S = 5.0


def main() -> int:
    """Kill so many times; return 0 where every recovery was in time."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        times_s = sorted(recoveries(options.kills, Path(folder) / "lives"))
    n_in_time = sum(t <= LIMIT_S for t in times_s)
    p95 = times_s[int(0.95 * (len(times_s) - 1))]
    print(
        f"{n_in_time} of {len(times_s)} back within {LIMIT_S:g} s; "
        f"p50 {statistics.median(times_s):.2f} s, p95 {p95:.2f} s, "
        f"max {times_s[-1]:.2f} s"
    )
    return int(n_in_time < len(times_s))


def recoveries(n_kills: int, counter: Path) -> list[float]:
    """Return the time from each kill to the next good frame, in seconds."""

    def command(settings: CameraSettings) -> list[str]:
        text = json.dumps(dataclasses.asdict(settings))
        return [sys.executable, str(DRIVER), text, "[[]]", str(counter)]

    times_s = []
    chance = random.Random(1)  # noqa: S311 - no secret
    with LiveCamera(SETTINGS, scale_um_per_px=None, command=command) as camera:
        for _ in range(n_kills):
            next_frame(camera)
            time.sleep(chance.uniform(0, 0.1))
            killed_s = time.monotonic()
            kill_driver(counter)
            times_s.append(next_frame(camera, killed_s) - killed_s)
    return times_s


def next_frame(camera: LiveCamera, after_s: float = 0.0) -> float:
    """Read up to a frame that was taken after a time; return the time now."""
    while True:
        item = camera.read()
        if isinstance(item, Frame) and item.time_s > after_s:
            return time.monotonic()


def kill_driver(counter: Path) -> None:
    """Kill the process that has the counter's path on its command line."""
    found = subprocess.run(  # noqa: S603 - our own command
        ["pgrep", "--full", str(counter)],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
    )
    for pid in found.stdout.split():
        os.kill(int(pid), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
