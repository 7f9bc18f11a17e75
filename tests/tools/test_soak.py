"""What counts as growth. The soak itself takes minutes: `python tools/soak.py`."""

import importlib
import os
from mmap import MAP_ANONYMOUS, MAP_PRIVATE, mmap
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from leukoscope_edge.records.slides.slide_cache import N_SLIDES

TOOLS = Path(__file__).resolve().parents[2] / "tools"
N = 100
KEYS = ("own_mb", "descriptors", "threads", "processes")


@pytest.fixture
def soak(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(TOOLS))
    return importlib.import_module("soak")


def grown(soak: Any, values: list[float]) -> float:
    rise: float = soak.growth([{"own_mb": v} for v in values])["own_mb"]
    return rise


@pytest.mark.parametrize(
    ("values", "rise"),
    [
        ([300.0] * N, 0.0),
        ([300.0 + i % 7 for i in range(N)], 0.0),  # to and fro
        ([100.0 + 10 * min(i, N // 2) for i in range(N)], 0.0),  # warming up
        ([300.0 + 0.1 * i for i in range(N)], 4.9),  # a leak
        ([300.0 + 0.1 * i for i in range(20)], 0.9),
        ([300.0 - 0.1 * i for i in range(N)], -4.9),
    ],
)
def test_growth_is_what_rises_after_the_warm_up(
    soak: Any, values: list[float], rise: float
) -> None:
    assert grown(soak, values) == pytest.approx(rise, abs=0.5)


@pytest.mark.parametrize("n_slides", [64, 500, 5000])
def test_a_kept_frame_a_slide_is_seen_however_few_slides_there_are(
    soak: Any, n_slides: int
) -> None:
    values = [300.0 + 0.92 * i for i in range(n_slides)]
    assert grown(soak, values) > soak.MOST_GROWTH["own_mb"]
    assert n_slides >= soak.LEAST_SLIDES >= 2 * N_SLIDES


def test_a_few_kilobytes_a_slide_are_seen_in_a_day(soak: Any) -> None:
    values = [300.0 + 0.005 * i for i in range(10_000)]
    assert grown(soak, values) > soak.MOST_GROWTH["own_mb"]


def test_every_limit_is_of_a_figure_that_is_read(soak: Any) -> None:
    assert set(soak.MOST_GROWTH) == set(KEYS)
    assert soak.own_memory_mb(os.getpid()) > 1.0
    assert soak.own_memory_mb(0) == 0.0
    assert soak.memory_mb(os.getpid(), soak.HELD) > soak.own_memory_mb(os.getpid())


def test_what_is_held_between_two_looks_a_second_is_seen(soak: Any) -> None:
    before_mb = soak.anonymous_mb(os.getpid())
    # A mapping of its own: what a worker has freed before is not given out again.
    with (
        mmap(-1, 50_000_000, flags=MAP_PRIVATE | MAP_ANONYMOUS) as kept,
        soak.Peaks(SimpleNamespace(pid=lambda _: os.getpid())) as peaks,
    ):
        kept.write(b"x" * len(kept))
        soak.wait_for(lambda: peaks.most_mb["page"] > before_mb + 45)
    assert peaks.most_mb["all"] > peaks.most_mb["page"]


@pytest.mark.parametrize("leak", ["frames", "descriptors"])
def test_a_planted_leak_is_program_text(soak: Any, leak: str, tmp_path: Path) -> None:
    environment = soak.plant(tmp_path, soak.LEAKS[leak])
    assert environment["PYTHONPATH"].startswith(str(tmp_path))
    compile((tmp_path / "sitecustomize.py").read_text(), "sitecustomize", "exec")
    assert soak.plant(tmp_path, "") == dict(os.environ)
