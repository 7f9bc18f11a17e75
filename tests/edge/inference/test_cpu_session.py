"""ONNX Runtime as the device asks for it."""

import platform
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from leukoscope_edge.inference import LOGITS_NAME, open_bundle, shipped_bundle_for
from leukoscope_edge.inference.cpu_session import CpuSession, session_entries


@pytest.mark.skipif(platform.machine() != "x86_64", reason="x86 alone saturates")
@pytest.mark.parametrize(
    ("flags", "asked"),
    [
        ("fpu avx2 avx512f", True),
        ("fpu avx2 avx512_vnni", False),
        ("fpu avx2 avx_vnni bmi1", False),
        (None, True),
    ],
)
def test_a_processor_that_would_saturate_is_asked_not_to(
    tmp_path: Path, flags: str | None, asked: bool
) -> None:
    path = tmp_path / "cpuinfo"
    if flags is not None:
        path.write_text(f"processor\t: 0\nflags\t\t: {flags}\n")
    assert ("session.x64quantprecision" in session_entries(path)) is asked


@pytest.mark.parametrize(
    ("version", "spins"),
    [("1.18.1", "0"), ("1.25.0", "0"), ("1.26.0", "1"), ("2.0", "1")],
)
def test_threads_wait_awake_only_where_the_wait_has_an_end(
    monkeypatch: pytest.MonkeyPatch, version: str, spins: str
) -> None:
    monkeypatch.setattr(onnxruntime, "__version__", version)
    entries = session_entries()
    assert entries["session.intra_op.allow_spinning"] == spins
    assert ("session.intra_op.spin_duration_us" in entries) is (spins == "1")
    assert ("session.force_spinning_stop" in entries) is (spins == "1")


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_threads_change_no_answer(n: int) -> None:
    bundle = open_bundle(shipped_bundle_for("simulated"))
    side = bundle.card.input.side_px
    ready = np.random.default_rng(1).normal(size=(n, 3, side, side)).astype(np.float32)
    alone, shared = (CpuSession(bundle.model, n_threads=k) for k in (1, 3))
    np.testing.assert_allclose(
        shared.run(ready, LOGITS_NAME), alone.run(ready, LOGITS_NAME), atol=1e-5
    )
    alone.close()
    shared.close()
