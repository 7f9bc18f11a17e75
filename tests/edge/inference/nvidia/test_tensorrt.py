"""The parent of TensorRT's process: what is tried, and that no child is left."""

import os
import threading
from pathlib import Path

import pytest
from tests.edge.inference.fake_start import BOTH, Fake

from leukoscope_edge.errors import EngineFault
from leukoscope_edge.inference import Bundle
from leukoscope_edge.inference.nvidia.compiler import Runtime
from leukoscope_edge.inference.nvidia.tensorrt import (
    runtimes_here,
)


@pytest.mark.parametrize(
    ("wanted", "has_driver", "installed", "expected"),
    [
        (("tensorrt",), False, {"tensorrt"}, "no NVIDIA driver is installed"),
        (("tensorrt",), True, set(), "TensorRT is not installed"),
        (("tensorrt-rtx",), True, {"tensorrt"}, "TensorRT for RTX is not installed"),
        (BOTH, True, set(), "neither TensorRT nor TensorRT for RTX is installed"),
        (BOTH, True, {"tensorrt_rtx_bindings"}, ("tensorrt-rtx",)),
        (BOTH, True, {"tensorrt", "tensorrt_rtx_bindings"}, BOTH),
    ],
)
def test_only_what_is_installed_is_tried(
    bundle: Bundle,
    wanted: tuple[Runtime, ...],
    has_driver: bool,
    installed: set[str],
    expected: str | tuple[Runtime, ...],
) -> None:
    ways = {"has_driver": lambda: has_driver, "is_installed": installed.__contains__}
    if isinstance(expected, tuple):
        assert runtimes_here(bundle, wanted, **ways) == expected
        return
    with pytest.raises(EngineFault, match=expected):
        runtimes_here(bundle, wanted, **ways)


def test_no_child_outlives_its_engine(bundle: Bundle, tmp_path: Path) -> None:
    engine = Fake(tmp_path, "none")(bundle, rebuild=False)
    pid = engine._child.pid
    engine.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize("fault", ["none", "run-abort"])
def test_a_watchdog_that_fires_while_the_engine_closes_does_no_harm(
    bundle: Bundle, tmp_path: Path, fault: str
) -> None:
    engine = Fake(tmp_path, fault)(bundle, rebuild=False)
    threads = [threading.Thread(target=t) for t in (engine.close, engine._cut) * 2]
    with ThreadErrors() as errors:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        engine._cut()
    assert errors.seen == []


class ThreadErrors:
    """What threads end with, for as long as it is open."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __enter__(self) -> "ThreadErrors":
        self._before = threading.excepthook
        threading.excepthook = lambda args: self.seen.append(repr(args.exc_value))
        return self

    def __exit__(self, *_: object) -> None:
        threading.excepthook = self._before
