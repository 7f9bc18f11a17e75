"""The counting process over an engine that a file turns wrong.

`python spoilt_engine.py DATA MARK`: once MARK is there each logit is off, and the clock
of the engine's test is a day on. All else is the device's own.
"""

import sys
import time
from pathlib import Path

from leukoscope_edge.arrays import F32, U8
from leukoscope_edge.cli.count import LOOK_AGAIN_S
from leukoscope_edge.errors import LeukoscopeError, in_one_sentence
from leukoscope_edge.inference import OnnxCpuEngine, open_bundle, shipped_bundle_for
from leukoscope_edge.inference.selftest import DAY_S
from leukoscope_edge.live import Channel, refuse_all
from leukoscope_edge.live.counting_process import count_with
from leukoscope_edge.profile import CameraEntry, PageEntry, Profile
from leukoscope_edge.records import open_store
from leukoscope_edge.service import Pulse, run_folder

PROFILE = Profile(
    name="test",
    camera=CameraEntry(source="simulated:cells=4", frames_per_second=30.0),
    page=PageEntry(),
    data_dir="unused",
    n_threads=1,
)


class SpoiltEngine:
    """The CPU's engine, whose memory somebody spoils."""

    name, fallback, is_accelerated = "spoilt", "", False

    def __init__(self, engine: OnnxCpuEngine, mark: Path) -> None:
        self._engine, self._mark = engine, mark

    def run(self, crops: U8) -> F32:
        logits = self._engine.run(crops)
        return logits + 1 if self._mark.exists() else logits


def main() -> None:
    data, mark = Path(sys.argv[1]), Path(sys.argv[2])
    folder = run_folder(data)
    line, pulse = Channel(folder), Pulse(folder, "count")
    bundle = open_bundle(shipped_bundle_for("simulated"))

    def clock() -> float:
        return time.monotonic() + (DAY_S if mark.exists() else 0.0)

    try:
        with open_store(data) as store, OnnxCpuEngine(bundle, n_threads=1) as cpu:
            engine = SpoiltEngine(cpu, mark)
            count_with(PROFILE, store, bundle, engine, line, pulse, clock)  # type: ignore[arg-type]
    except LeukoscopeError as err:
        refuse_all(in_one_sentence(err), line, pulse, for_s=LOOK_AGAIN_S)


if __name__ == "__main__":
    main()
