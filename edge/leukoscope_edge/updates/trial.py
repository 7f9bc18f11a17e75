"""The new model proves itself in a child process before anyone relies on it.

A model file is a program. Whatever it does when it is loaded (crash, hang, take all
memory, answer nonsense), it does to a child with limits, not to the device.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from leukoscope_edge.errors import LeukoscopeError
from leukoscope_edge.inference.bundle import open_bundle
from leukoscope_edge.inference.classifier import classify
from leukoscope_edge.inference.engine import OnnxCpuEngine, self_test
from leukoscope_edge.types import CallName
from leukoscope_edge.updates.codes import Code, refused

CPU_TIME_LIMIT_S = 60
"""A 25 MB model passes in about two seconds (measured on two cores)."""
CPU_MEMORY_LIMIT_BYTES = 4 << 30
"""Address space, most of it never touched; asking for 64 GiB then fails cleanly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialReport:
    """How the stored cells came out.

    Attributes:
        engine: What ran them.
        n_cells: Stored cells.
        n_blast: How many of them the model calls blast.
        worst_logit: Largest difference of a logit from the stored answer.
        seconds: From loading to the last answer.
    """

    engine: str
    n_cells: int
    n_blast: int
    worst_logit: float
    seconds: float


def run_trial(folder: Path) -> TrialReport:
    """Try a bundle's CPU model on its stored cells, in a child with limits.

    Raises:
        UpdateError: U11; it crashed, hung, asked for too much or answered wrongly.
    """
    command = [sys.executable, "-m", __name__, str(folder)]
    try:
        child = subprocess.run(  # noqa: S603  our own interpreter and module
            command, capture_output=True, text=True, timeout=CPU_TIME_LIMIT_S
        )
    except subprocess.TimeoutExpired as err:
        raise refused(
            Code.SELF_TEST, f"no answer in {CPU_TIME_LIMIT_S} seconds"
        ) from err
    if child.returncode != 0:
        raise refused(Code.SELF_TEST, _why(child))
    return TrialReport(**json.loads(child.stdout))


def _why(child: "subprocess.CompletedProcess[str]") -> str:
    if child.returncode < 0:
        return f"the model crashed ({signal.Signals(-child.returncode).name})"
    lines = child.stderr.strip().splitlines()
    return lines[-1] if lines else f"the check ended with {child.returncode}"


def _judge(folder: Path) -> TrialReport:
    start = time.monotonic()
    bundle = open_bundle(folder)
    with OnnxCpuEngine(bundle) as engine:
        worst = self_test(engine, bundle)
        calls = classify(engine, list(bundle.golden.crops), bundle.card)
        return TrialReport(
            engine=engine.name,
            n_cells=len(calls),
            n_blast=sum(c.name is CallName.BLAST for c in calls),
            worst_logit=worst,
            seconds=round(time.monotonic() - start, 3),
        )


def _main(folder: Path) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (CPU_MEMORY_LIMIT_BYTES,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(5)  # the page stays quick
    try:
        report = _judge(folder)
    except (LeukoscopeError, MemoryError) as err:
        print(err or "not enough memory", file=sys.stderr)  # noqa: T201
        return 1
    print(json.dumps(asdict(report)))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(_main(Path(sys.argv[1])))
