"""Every way in which TensorRT can fail, played by a child process that really fails."""

import dataclasses
import json
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from tests.edge.inference.fake_start import BOTH, Fake
from tests.red_bundle import red_model

from leukoscope_edge.errors import EngineFault
from leukoscope_edge.inference import (
    Bundle,
    CascadeEngine,
    DecisionEntry,
    EngineEntry,
    FileEntry,
    OnnxCpuEngine,
    OutlierEntry,
    backend,
    open_bundle,
    self_test,
)
from leukoscope_edge.inference.backend import (
    FallbackEngine,
    Served,
    open_engine,
    open_network,
)
from leukoscope_edge.inference.nvidia.compiler import Runtime
from leukoscope_edge.inference.nvidia.tensorrt import (
    TimeLimits,
)

CROPS = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3)).astype(np.uint8)
SHORT_LIMITS = TimeLimits(build_s=3, run_s=1)


def test_an_engine_on_the_cpu_keeps_no_file_that_it_has_loaded(
    bundle: Bundle,
) -> None:
    pair = dataclasses.replace(bundle, model_fp16=b"half", quick=bundle)

    def held() -> list[int]:
        return [sys.getrefcount(what) for what in (pair, bundle, bundle.model)]

    n_before = held()
    with open_engine(pair, backend="cpu", n_threads=1) as engine:
        assert held() == n_before
        bare = pair.without_files()
        assert self_test(engine, bare) == self_test(engine, pair)
    for one in (bare, bare.quick):
        assert one is not None
        assert (one.model, one.model_trt, one.model_fp16) == (b"", None, None)
        assert (one.card, one.golden) == (pair.card, pair.golden)


def open_with(bundle: Bundle, start: Fake) -> FallbackEngine:
    return open_network(bundle, "auto", 1, start, only("tensorrt"))


def only(*runtimes: Runtime) -> Callable[..., tuple[Runtime, ...]]:
    """Say that these may be tried."""
    return lambda bundle, wanted: tuple(r for r in wanted if r in runtimes)


def cpu_logits(bundle: Bundle) -> np.ndarray:
    with OnnxCpuEngine(bundle, n_threads=1) as engine:
        return engine.run(CROPS)


def assert_cpu_serves(engine: FallbackEngine, bundle: Bundle, reason: str) -> None:
    assert engine.served.backend == "cpu"
    assert reason in engine.fallback
    np.testing.assert_array_equal(engine.run(CROPS), cpu_logits(bundle))


@pytest.mark.parametrize("version", ["8.5.2", "8.6.2", "10.3.0", "10.16.2", "11.4.0"])
def test_serves_on_every_version_and_builds_only_once(
    bundle: Bundle, tmp_path: Path, version: str
) -> None:
    start = Fake(tmp_path, f"version-{version}")
    for _ in range(2):
        with open_with(bundle, start) as engine:
            np.testing.assert_allclose(engine.run(CROPS), cpu_logits(bundle), atol=1e-5)
            assert engine.served == Served(backend="tensorrt")
            assert engine.name == f"tensorrt {version} int8 on Fake"
            assert engine.run(CROPS[:0]).shape == (0, 2)
    assert len(start.told) == 1
    assert "takes minutes" in start.told[0]
    assert start.rebuilds == [False, False]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("no-driver", "no NVIDIA driver"),
        ("old-gpu", "capability 5.3) has no int8, and the bundle no file without"),
        ("tx2", "capability 6.2) has no int8, and the bundle no file without"),
        ("oldest-gpu", "capability 5.2) has neither int8 nor half precision"),
        ("version-8.2.1", "older than 8.5"),
        ("parse", "error 0: an unsupported node"),
        ("build-none", "build gave nothing"),
        ("build-abort", "ended with signal 6"),
        ("build-exit", "ended with exit code 3"),
        ("load-none", "does not load the plan"),
        ("load-abort", "ended with signal 6"),
        ("context-none", "gives no context"),
        ("wrong", "stored cells give other answers"),
    ],
)
def test_the_cpu_serves_at_once_where_tensorrt_does_not_come_up(
    bundle: Bundle, tmp_path: Path, fault: str, reason: str
) -> None:
    start = Fake(tmp_path, fault)
    with open_with(bundle, start) as engine:
        assert_cpu_serves(engine, bundle, reason)
        assert engine.name.startswith("onnxruntime-cpu")
    assert start.rebuilds == [False]


@pytest.mark.parametrize("gpu", ["old-gpu", "tx2"])
def test_a_gpu_without_int8_serves_in_half_precision(
    bundle: Bundle, tmp_path: Path, gpu: str
) -> None:
    bundle = dataclasses.replace(bundle, model_fp16=bundle.model)
    with open_with(bundle, Fake(tmp_path, gpu)) as engine:
        assert engine.name == "tensorrt 8.6.2 fp16 on Fake"
        np.testing.assert_allclose(engine.run(CROPS), cpu_logits(bundle), atol=1e-5)
    (note,) = (tmp_path / "plans").glob("*.json")
    assert json.loads(note.read_text())["key"]["precision"] == "fp16"


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("run-abort", "ended with signal 6"),
        ("run-exit", "ended with exit code 3"),
        ("run-false", "run failed"),
        ("run-nan", "no logits"),
    ],
)
def test_a_fault_between_two_frames_moves_to_the_cpu_and_loses_no_cell(
    bundle: Bundle, tmp_path: Path, fault: str, reason: str
) -> None:
    with open_with(bundle, Fake(tmp_path, fault)) as engine:
        assert engine.served.backend == "tensorrt"
        np.testing.assert_array_equal(engine.run(CROPS), cpu_logits(bundle))
        assert_cpu_serves(engine, bundle, reason)


@pytest.mark.parametrize("fault", ["build-hang", "load-hang", "run-hang"])
def test_a_hang_is_cut_off_and_the_cpu_serves(
    bundle: Bundle, tmp_path: Path, fault: str
) -> None:
    with open_with(bundle, Fake(tmp_path, fault, SHORT_LIMITS)) as engine:
        np.testing.assert_array_equal(engine.run(CROPS), cpu_logits(bundle))
        assert "gave no answer in" in engine.fallback


@pytest.mark.parametrize("damage", ["flip", "cut", "wrong-for-us"])
def test_a_cached_plan_that_fails_is_rebuilt_once(
    bundle: Bundle, tmp_path: Path, damage: str
) -> None:
    with open_with(bundle, Fake(tmp_path, "none")):
        pass
    (plan,) = (tmp_path / "plans").glob("*.plan")
    data = bytearray(plan.read_bytes())
    start = Fake(tmp_path, "stale" if damage == "wrong-for-us" else "none")
    if damage == "flip":
        data[-1] ^= 1
    plan.write_bytes(data[:-3] if damage == "cut" else data)
    with open_with(bundle, start) as engine:
        assert engine.served.backend == "tensorrt"
    assert len(start.told) == 1
    assert start.rebuilds == ([False, True] if damage == "wrong-for-us" else [False])
    assert not list((tmp_path / "plans").glob("*.part"))


@pytest.mark.parametrize(
    "fault", ["wrong", "load-abort", "load-none", "first-run-abort"]
)
def test_a_rebuild_that_fails_too_ends_on_the_cpu(
    bundle: Bundle, tmp_path: Path, fault: str
) -> None:
    with open_with(bundle, Fake(tmp_path, "none")):
        pass
    start = Fake(tmp_path, fault)
    with open_with(bundle, start) as engine:
        assert engine.served.backend == "cpu"
    assert start.rebuilds == [False, True]


def test_a_cache_that_others_can_write_to_is_not_used(
    bundle: Bundle, tmp_path: Path
) -> None:
    start = Fake(tmp_path, "none")
    start.cache.mkdir()
    start.cache.chmod(0o777)
    with open_with(bundle, start) as engine:
        assert "others can write here" in engine.fallback


@pytest.mark.parametrize("runtime", BOTH)
def test_a_demanded_tensorrt_fails_where_it_cannot_serve(
    bundle: Bundle, tmp_path: Path, runtime: Runtime
) -> None:
    start = Fake(tmp_path, "build-none")
    with pytest.raises(EngineFault, match=r"build gave nothing|nothing for SM86"):
        open_network(bundle, runtime, 1, start, only(*BOTH))
    assert start.runtimes == [runtime]


def test_a_bundle_without_a_file_for_tensorrt_says_so(bundle_folder: Path) -> None:
    bundle = open_bundle(bundle_folder)
    with open_engine(bundle, n_threads=1) as engine:
        assert engine.fallback == "the bundle has no file for TensorRT"
        assert engine.run(CROPS).shape == (5, 2)


@pytest.mark.parametrize(
    ("fault", "is_fp16", "name"),
    [("none", False, "int8"), ("turing", True, "fp16")],
)
def test_tensorrt_for_rtx_serves_behind_the_same_protocol(
    bundle: Bundle, tmp_path: Path, fault: str, is_fp16: bool, name: str
) -> None:
    if is_fp16:
        bundle = dataclasses.replace(bundle, model_fp16=bundle.model)
    start = Fake(tmp_path, fault)
    for _ in range(2):
        with open_network(bundle, "auto", 1, start, only("tensorrt-rtx")) as engine:
            np.testing.assert_allclose(engine.run(CROPS), cpu_logits(bundle), atol=1e-5)
            assert engine.served == Served(backend="tensorrt-rtx")
            assert engine.name == f"tensorrt-rtx 1.7.1.116 {name} on Fake"
    assert len(start.told) == 1


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("old-driver", "for CUDA 12.8, TensorRT for RTX needs 13.0: update the driver"),
        ("turing", "capability 7.5) has no int8, and the bundle no file without"),
        ("hopper", "does not know SM90; it knows SM75, SM86"),
        ("build-none", "nothing for SM86: FP32 GEMM is not supported"),
        ("build-abort", "ended with signal 6"),
        ("load-none", "does not load the plan"),
        ("wrong", "stored cells give other answers"),
    ],
)
def test_the_cpu_serves_where_tensorrt_for_rtx_does_not(
    bundle: Bundle, tmp_path: Path, fault: str, reason: str
) -> None:
    start = Fake(tmp_path, fault)
    with open_network(bundle, "auto", 1, start, only("tensorrt-rtx")) as engine:
        assert_cpu_serves(engine, bundle, reason)


def test_where_one_tensorrt_fails_the_other_is_tried(
    bundle: Bundle, tmp_path: Path
) -> None:
    start = Fake(tmp_path, "version-8.2.1")  # for RTX that is no fault
    with open_network(bundle, "auto", 1, start, only(*BOTH)) as engine:
        assert engine.served.backend == "tensorrt-rtx"
    assert start.runtimes == list(BOTH)


def test_where_neither_tensorrt_serves_both_reasons_are_told(
    bundle: Bundle, tmp_path: Path
) -> None:
    start = Fake(tmp_path, "turing")  # for TensorRT that is no fault, this is
    start.cache.mkdir()
    start.cache.chmod(0o777)
    with open_network(bundle, "auto", 1, start, only(*BOTH)) as engine:
        assert_cpu_serves(engine, bundle, "others can write here")
        assert "capability 7.5) has no int8" in engine.fallback


def carrying(bundle: Bundle, plan: bytes, **changes: object) -> Bundle:
    """A bundle that brings a plan for SM86."""
    (bundle.folder / "model.sm86.rtx").write_bytes(plan)
    engine = EngineEntry(
        file=FileEntry(name="model.sm86.rtx", sha256=sha256(plan).hexdigest()),
        runtime="tensorrt-rtx",
        version="1.7.1.116",
        target="SM86",
        precision="int8",
        model_sha256=sha256(bundle.model).hexdigest(),
    )
    card = dataclasses.replace(
        bundle.card, engines=(dataclasses.replace(engine, **changes),)
    )
    return dataclasses.replace(bundle, card=card)


def plan_for(bundle: Bundle, target: str) -> bytes:
    """As the stand-in builds it."""
    return b"fake plan " + target.encode().ljust(6) + bundle.model


def test_a_carried_engine_serves_without_a_build(
    bundle: Bundle, tmp_path: Path
) -> None:
    carried = carrying(bundle, plan_for(bundle, "SM86"))
    start = Fake(tmp_path, "build-abort")
    with open_network(carried, "auto", 1, start, only("tensorrt-rtx")) as engine:
        assert engine.served == Served(backend="tensorrt-rtx")
        np.testing.assert_allclose(engine.run(CROPS), cpu_logits(bundle), atol=1e-5)
    assert start.told == []


@pytest.mark.parametrize(
    "changes", [{"version": "1.8.0.1"}, {"target": "SM89"}, {"precision": "fp16"}]
)
def test_a_carried_engine_for_something_else_is_left_alone(
    bundle: Bundle, tmp_path: Path, changes: dict[str, object]
) -> None:
    carried = carrying(bundle, b"never read", **changes)
    start = Fake(tmp_path, "none")
    with open_network(carried, "auto", 1, start, only("tensorrt-rtx")) as engine:
        assert engine.served.backend == "tensorrt-rtx"
    assert len(start.told) == 1


@pytest.mark.parametrize("fault", ["none", "build-none"])
def test_a_carried_engine_of_another_capability_than_it_says_is_built_here(
    bundle: Bundle, tmp_path: Path, fault: str
) -> None:
    carried = carrying(bundle, plan_for(bundle, "SM89"))
    start = Fake(tmp_path, fault)
    with open_network(carried, "auto", 1, start, only("tensorrt-rtx")) as engine:
        if fault == "none":
            assert engine.served == Served(backend="tensorrt-rtx")
        else:
            assert "build gave nothing" in engine.fallback
        np.testing.assert_allclose(engine.run(CROPS), cpu_logits(bundle), atol=1e-5)
    assert start.rebuilds == [False, True]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("model", "engine for SM86 was compiled from another model"),
        ("file", "engine for SM86 is damaged or replaced"),
        ("gone", "engine for SM86 cannot be read (No such file"),
    ],
)
def test_a_carried_engine_that_is_not_what_the_card_says_leaves_it_to_the_cpu(
    bundle: Bundle, tmp_path: Path, damage: str, reason: str
) -> None:
    changes = {"model_sha256": "0" * 64} if damage == "model" else {}
    carried = carrying(bundle, plan_for(bundle, "SM86"), **changes)
    path = bundle.folder / "model.sm86.rtx"
    if damage == "file":
        path.write_bytes(path.read_bytes() + b"!")
    if damage == "gone":
        path.unlink()
    start = Fake(tmp_path, "none")
    with open_network(carried, "auto", 1, start, only("tensorrt-rtx")) as engine:
        assert_cpu_serves(engine, bundle, reason)
    assert start.told == []


def test_plans_lie_where_the_user_keeps_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert backend.default_cache() == Path("/caches/leukoscope/engines")
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    assert backend.default_cache() == Path.home() / ".cache/leukoscope/engines"


def test_a_pair_is_joined_by_the_points_and_limits_of_its_two_cards(
    bundle: Bundle,
) -> None:
    def one(temperature: float, distance: float, gain: float) -> Bundle:
        card = dataclasses.replace(
            bundle.card,
            decision=DecisionEntry(
                temperature=temperature, normal_to=0.2, blast_from=0.8
            ),
            outliers=OutlierEntry(distance_limit=distance, turned_away=0.05),
        )
        model = red_model(n_outputs=3, gain=gain)
        return dataclasses.replace(bundle, card=card, model=model)

    deep, quick = one(2.0, 7.0, 8.0), one(0.5, 5.0, 6.0)
    pair = dataclasses.replace(deep, quick=quick)
    with open_engine(pair, backend="cpu", n_threads=1) as engine:
        assert isinstance(engine, CascadeEngine)
        assert engine._own == quick.card.decision
        assert engine._decision == deep.card.decision
        assert engine._limits == (5.0, 7.0)
        for asked, of in ((engine.quick, quick), (engine.deep, deep)):
            np.testing.assert_array_equal(asked.run(CROPS), cpu_logits(of))


def test_the_cpu_on_demand_is_no_fallback(bundle: Bundle) -> None:
    with open_engine(bundle, backend="cpu", n_threads=1) as engine:
        assert engine.fallback == ""
