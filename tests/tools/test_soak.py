"""What counts as growth. The soak itself takes minutes: `python tools/soak.py`."""

import importlib
from pathlib import Path
from typing import Any

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools"
N = 100


@pytest.fixture
def soak(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(TOOLS))
    return importlib.import_module("soak")


def grown(soak: Any, values: list[float]) -> float:
    rise: float = soak.growth([{"memory_mb": v} for v in values])["memory_mb"]
    return rise


@pytest.mark.parametrize(
    ("values", "rise"),
    [
        ([300.0] * N, 0.0),
        ([300.0 + i % 7 for i in range(N)], 0.0),  # to and fro
        ([100.0 + 10 * min(i, N // 5) for i in range(N)], 0.0),  # warming up
        ([300.0 + 0.1 * i for i in range(N)], 7.9),  # a leak
        ([300.0 - 0.1 * i for i in range(N)], -7.9),
    ],
)
def test_growth_is_what_rises_after_the_warm_up(
    soak: Any, values: list[float], rise: float
) -> None:
    assert grown(soak, values) == pytest.approx(rise, abs=0.5)


def test_a_leak_of_a_tenth_of_a_megabyte_a_slide_is_seen_in_a_day(soak: Any) -> None:
    values = [300.0 + 0.1 * (i / 30) for i in range(24 * 3600 // 2)]
    assert grown(soak, values) > soak.MOST_GROWTH["memory_mb"]
