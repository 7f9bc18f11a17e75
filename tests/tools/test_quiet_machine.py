import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / "tools"


@pytest.fixture(autouse=True)
def _tools_on_the_path() -> Iterator[None]:
    sys.path.insert(0, str(TOOLS))
    yield
    sys.path.remove(str(TOOLS))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, ""),
        ({"busy_s": 10.9, "stolen_s": 0.09, "waiting_s": 0.49}, ""),
        ({"stolen_s": 0.2}, "2% of a core stolen by other machines"),
        ({"busy_s": 12.0}, "20% of a core of other processes"),
        ({"waiting_s": 1.0}, "10% of a core kept waiting for a core"),
        ({"busy_s": 20.0, "waiting_s": 5.0}, "100% of a core of other processes, 50%"),
        ({"own_s": 8.0, "busy_s": 8.0}, ""),
        ({"own_s": 7.0, "busy_s": 7.0}, "it computed for 70% of the clock"),
        ({"wall_s": 0.0}, "nothing was measured"),
    ],
)
def test_says_what_got_in_the_way(changes: dict[str, float], why: str) -> None:
    from tests.rigs.quiet_machine import Usage, verdict, why_not_quiet

    quiet = {
        "wall_s": 10.0,
        "own_s": 10.0,
        "busy_s": 10.0,
        "stolen_s": 0.0,
        "waiting_s": 0.0,
    }
    used = Usage(**quiet | changes)
    assert why_not_quiet(used).startswith(why)
    assert bool(why_not_quiet(used)) == bool(why)
    expected = "not quiet: figures do not count (" if why else "quiet"
    assert verdict(used).startswith(expected)


def test_what_waits_on_purpose_need_not_compute() -> None:
    from tests.rigs.quiet_machine import Usage, verdict

    used = Usage(wall_s=10.0, own_s=2.0, busy_s=2.0, stolen_s=0.0, waiting_s=0.0)
    assert verdict(used, 0.0) == "quiet"
    assert verdict(used) != "quiet"


def test_a_child_that_computes_is_our_own_and_another_process_is_not() -> None:
    from tests.rigs.quiet_machine import Watch

    with Watch() as watch:
        os.system("true")  # noqa: S605 - a child that ends
    assert watch.used.wall_s > 0
    assert watch.used.own_s >= 0
    assert watch.used.busy_s >= 0


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([7.0], (7.0, 7.0, 7.0)),
        ([3.0, 1.0], (1.5, 2.0, 2.5)),
        ([5.0, 1.0, 3.0, 2.0, 4.0], (2.0, 3.0, 4.0)),
        ([1.23456], (1.23, 1.23, 1.23)),
    ],
)
def test_gives_the_median_and_the_quartiles(
    values: list[float], expected: tuple[float, float, float]
) -> None:
    from tests.rigs.quiet_machine import spread

    low, middle, high = expected
    assert spread(values) == {"median": middle, "low": low, "high": high}


def test_measures_the_clock_and_the_processor_apart() -> None:
    from tests.rigs.quiet_machine import Stopwatch

    with Stopwatch() as slept:
        time.sleep(0.2)
    assert slept.taken.wall_ms > 190
    assert slept.taken.cpu_ms < 190
