"""The new model proves itself in a child process before anyone relies on it.

A model file is a program. Whatever it does when it is loaded (crash, hang, take all
memory, answer nonsense), it does to a child with limits, not to the device. Where this
device has an accelerator that may serve the model, its engine is built here and tried
as well: a model that is good on the CPU alone would make the device slow, unasked.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from leukoscope_edge.errors import EngineFault, LeukoscopeError
from leukoscope_edge.inference import (
    ACCELERATED,
    BATCH_SIZE,
    Backend,
    classify,
    open_bundle,
    open_engine,
    self_test,
)
from leukoscope_edge.inference.nvidia import runtimes_here
from leukoscope_edge.isolated import command_of, lower_limit
from leukoscope_edge.log import passing_over, start_log
from leukoscope_edge.messages import Message, message
from leukoscope_edge.types import CallName
from leukoscope_edge.updates.codes import Code, refused

TIME_LIMITS_S: dict[Backend, int] = {
    "cpu": 60,
    "tensorrt": 1200,
    "tensorrt-rtx": 1200,
}
"""A 25 MB model passes on the CPU in seconds (tools/update_faults.py measures it); an
engine takes minutes to build on the smallest board."""
MAX_S_PER_CELL = 0.5
"""A count meets a new cell every second or two and calls up to three pictures of each:
a slower model would fall behind the hand. The slowest network that was measured takes
some 0.1 s on a small board's core."""
CPU_MEMORY_LIMIT_BYTES = 4 << 30
"""Address space, most of it never touched; asking for 64 GiB then fails cleanly. Not
for the accelerator: its driver maps far more than there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialReport:
    """How the stored cells came out on one backend.

    Attributes:
        engine: What ran them.
        n_cells: Stored cells.
        n_blast: How many of them the model calls blast.
        seconds: From loading to the last answer.
        s_per_cell: Of that, for calling one cell.
    """

    engine: str
    n_cells: int
    n_blast: int
    seconds: float
    s_per_cell: float


def run_trial(folder: Path) -> tuple[TrialReport, ...]:
    """Try a bundle on its stored cells on every backend that this device has.

    Raises:
        UpdateError: U11; it crashed, hung, asked for too much or answered wrongly.
    """
    reports = [_in_child(folder, "cpu")]
    with passing_over(
        EngineFault, doing="looking for an accelerator to try a model on"
    ):  # the CPU alone serves here
        for runtime in runtimes_here(open_bundle(folder), ACCELERATED["auto"]):
            reports.append(_in_child(folder, runtime))
    return tuple(reports)


def _in_child(folder: Path, backend: Backend) -> TrialReport:
    limit_s = TIME_LIMITS_S[backend]
    command = command_of("leukoscope_edge.updates.trial", str(folder), backend)
    try:
        child = subprocess.run(  # noqa: S603 - our own interpreter and module
            command, capture_output=True, text=True, timeout=limit_s
        )
    except subprocess.TimeoutExpired as err:
        found = message("no-answer", n=limit_s, engine=backend)
        raise refused(Code.SELF_TEST, found) from err
    if child.returncode != 0:
        raise refused(Code.SELF_TEST, _why(child))
    *_, last = child.stdout.splitlines()  # the runtime may have printed before it
    report = TrialReport(**json.loads(last))
    if not report.s_per_cell <= MAX_S_PER_CELL:  # so that what is no number fails
        figures = {"x": f"{report.s_per_cell:.2g}", "y": str(MAX_S_PER_CELL)}
        slow = message("too-slow", engine=report.engine, **figures)
        raise refused(Code.SELF_TEST, slow)
    return report


def _why(child: "subprocess.CompletedProcess[str]") -> str | Message:
    if child.returncode < 0:
        name = signal.Signals(-child.returncode).name
        return message("model-crashed", signal=name)
    lines = child.stderr.strip().splitlines()
    return lines[-1] if lines else message("check-ended", n=child.returncode)


def judge(folder: Path, backend: Backend) -> TrialReport:
    """Run a bundle's stored cells here, in this process.

    Raises:
        BundleError: They come out otherwise than the card allows.
        EngineFault: The accelerator fails on them.
    """
    start = time.monotonic()
    bundle = open_bundle(folder)
    deep, quick = replace(bundle, quick=None), bundle.quick
    if quick is not None:
        with open_engine(quick, backend=backend) as engine:
            self_test(engine, quick, n_at_once=BATCH_SIZE)
    with open_engine(deep, backend=backend) as engine:
        self_test(engine, deep)
        self_test(engine, deep, n_at_once=BATCH_SIZE)
        warm = time.monotonic()
        calls = classify(
            engine, list(bundle.golden.crops), bundle.card, in_marrow=False
        )
        end = time.monotonic()
        return TrialReport(
            engine=engine.name,
            n_cells=len(calls),
            n_blast=sum(c.name is CallName.BLAST for c in calls),
            seconds=round(end - start, 3),
            s_per_cell=round((end - warm) / max(len(calls), 1), 6),
        )


def _limit(backend: Backend) -> None:
    if backend == "cpu":
        lower_limit(resource.RLIMIT_AS, CPU_MEMORY_LIMIT_BYTES)
    lower_limit(resource.RLIMIT_CORE, 0)
    os.nice(5)  # the page stays quick


def _main(folder: Path, backend: Backend) -> int:
    _limit(backend)
    try:
        report = judge(folder, backend)
    except (LeukoscopeError, MemoryError) as err:
        print(err or "not enough memory", file=sys.stderr)  # noqa: T201
        return 1
    print(json.dumps(asdict(report)))  # noqa: T201
    return 0


if __name__ == "__main__":
    start_log()
    given = next(backend for backend in TIME_LIMITS_S if backend == sys.argv[2])
    sys.exit(_main(Path(sys.argv[1]), given))
