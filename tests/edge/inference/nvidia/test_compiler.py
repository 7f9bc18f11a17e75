"""Which file a GPU can run, for what it is compiled, and what a build says.

A whole build, by a compiler that fails in every way, is in `test_backend.py`.
"""

from types import SimpleNamespace
from typing import Any

import pytest

from leukoscope_edge.errors import EngineFault
from leukoscope_edge.inference.nvidia.compiler import (
    LAYERS,
    MODULES,
    SPOKEN,
    Precision,
    Runtime,
    choose_precision,
    listener,
    target_of,
)
from leukoscope_edge.inference.nvidia.gpu import Gpu


def gpu(major: int, minor: int, driver: int = 13000) -> Gpu:
    return Gpu(
        name="Orin", capability=(major, minor), n_multiprocessors=8, driver=driver
    )


def chosen(
    runtime: Runtime,
    capability: tuple[int, int],
    *,
    version: str = "10.3.0",
    driver: int = 13000,
    has_fp16: bool = True,
) -> Precision:
    trt: Any = SimpleNamespace(__version__=version)
    return choose_precision(runtime, trt, gpu(*capability, driver), has_fp16=has_fp16)


@pytest.mark.parametrize(
    ("runtime", "capability", "expected"),
    [
        ("tensorrt", (5, 3), "fp16"),  # Jetson Nano
        ("tensorrt", (6, 1), "int8"),
        ("tensorrt", (6, 2), "fp16"),  # TX2, the one after it without int8
        ("tensorrt", (7, 2), "int8"),
        ("tensorrt", (8, 7), "int8"),
        ("tensorrt-rtx", (7, 5), "fp16"),
        ("tensorrt-rtx", (8, 0), "int8"),
        ("tensorrt-rtx", (12, 0), "int8"),
    ],
)
def test_int8_where_the_gpu_has_it_else_half_precision(
    runtime: Runtime, capability: tuple[int, int], expected: str
) -> None:
    assert chosen(runtime, capability) == expected


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"version": "8.4.3"}, r"TensorRT 8\.4\.3 is older than 8\.5"),
        ({"capability": (5, 2)}, r"Orin \(capability 5\.2\) has neither"),
        ({"capability": (5, 3), "has_fp16": False}, "has no int8, and the bundle no"),
        (
            {"runtime": "tensorrt-rtx", "version": "1.7.1", "driver": 12040},
            r"for CUDA 12\.4, TensorRT for RTX needs 13\.0: update",
        ),
        ({"runtime": "tensorrt-rtx", "capability": (7, 2)}, "has neither"),
    ],
)
def test_what_can_run_neither_is_refused_with_the_cure(
    changes: dict[str, Any], reason: str
) -> None:
    asked: dict[str, Any] = {"runtime": "tensorrt", "capability": (8, 7)}
    with pytest.raises(EngineFault, match=reason):
        chosen(**(asked | changes))


def test_the_first_version_that_serves_is_enough() -> None:
    assert chosen("tensorrt", (8, 7), version="8.5.0.1") == "int8"


@pytest.mark.parametrize(
    ("runtime", "capability", "target"),
    [
        ("tensorrt", (8, 7), ""),
        ("tensorrt-rtx", (8, 6), "SM86"),
        ("tensorrt-rtx", (12, 0), "SM120"),
    ],
)
def test_only_tensorrt_for_rtx_is_aimed_at_a_capability(
    runtime: Runtime, capability: tuple[int, int], target: str
) -> None:
    assert target_of(runtime, gpu(*capability)) == target


class ILogger:
    """The base class that TensorRT's module has."""

    ERROR, INTERNAL_ERROR, WARNING, VERBOSE = range(4)


def test_a_build_is_remembered_by_its_errors_and_its_last_list_of_layers() -> None:
    trt: Any = SimpleNamespace(ILogger=ILogger)
    heard = listener(trt)
    heard.log(ILogger.WARNING, "slow")
    heard.log(ILogger.ERROR, "no kernel")
    heard.log(ILogger.INTERNAL_ERROR, "a fault")
    heard.log(ILogger.VERBOSE, f"{LAYERS}old")
    heard.log(ILogger.VERBOSE, f"{LAYERS}conv: int8\npool: float32")
    assert heard.errors == ["no kernel", "a fault"]
    assert heard.layers == ["conv: int8", "pool: float32"]


def test_each_runtime_has_a_module_and_a_name() -> None:
    assert MODULES.keys() == SPOKEN.keys()
    assert len(set(MODULES.values())) == len(MODULES)
