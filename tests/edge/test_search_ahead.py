"""Frames searched several at once are taken in one by one, in their order."""

from concurrent.futures import Executor, Future
from threading import Event

import numpy as np
import pytest
from tests.waiting import PATIENCE_S

from leukoscope_edge.messages import message
from leukoscope_edge.search_ahead import MAX_AHEAD_SIZE, look_at_all, n_ahead
from leukoscope_edge.types import Fault, Frame

UNREAD = message("file-says", why="No such file")
FAULT = Fault(name="gone", reason=UNREAD)


def frame_of(n_values: int) -> Frame:
    pixels = np.zeros((1, n_values // 3, 3), np.uint8)
    return Frame(name=str(n_values), pixels=pixels, time_s=0.0)


class Slide:
    """Notes in which order frames are placed and taken in."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    def seek(self, item: Frame | Fault, pool: Executor) -> Future[str]:
        self.steps.append(f"seek {item.name}")
        return pool.submit(lambda: item.name)

    def take_in(self, looked: str) -> str:
        self.steps.append(f"take {looked}")
        return looked


def faults(*names: str) -> list[Fault]:
    return [Fault(name=name, reason=UNREAD) for name in names]


def test_no_frame_gives_no_look() -> None:
    assert list(look_at_all(Slide(), [], 3)) == []


@pytest.mark.parametrize("n_threads", [1, 2, 5])
def test_every_frame_is_taken_in_once_in_its_order(n_threads: int) -> None:
    names = [str(i) for i in range(7)]
    slide = Slide()
    assert list(look_at_all(slide, faults(*names), n_threads)) == names
    taken = [step for step in slide.steps if step.startswith("take")]
    assert taken == [f"take {name}" for name in names]


def test_one_thread_takes_each_in_before_it_looks_for_the_next() -> None:
    slide = Slide()
    list(look_at_all(slide, faults("a", "b"), 1))
    assert slide.steps == ["seek a", "take a", "seek b", "take b"]


def test_two_threads_place_four_ahead_and_no_more() -> None:
    slide = Slide()
    list(look_at_all(slide, faults(*"abcdef"), 2))
    seeks, takes = ([f"{step} {n}" for n in "abcdef"] for step in ("seek", "take"))
    assert slide.steps == [*seeks[:5], takes[0], seeks[5], *takes[1:]]


def test_a_later_search_that_ends_first_waits_for_the_earlier_one() -> None:
    is_later_over = Event()

    class Uneven(Slide):
        def seek(self, item: Frame | Fault, pool: Executor) -> Future[str]:
            def search() -> str:
                if item.name == "slow":
                    assert is_later_over.wait(PATIENCE_S)
                else:
                    is_later_over.set()
                return item.name

            return pool.submit(search)

    assert list(look_at_all(Uneven(), faults("slow", "fast"), 2)) == ["slow", "fast"]


@pytest.mark.parametrize(
    ("item", "n_threads", "n"),
    [
        (FAULT, 1, 0),
        (FAULT, 4, 6),
        (frame_of(MAX_AHEAD_SIZE // 6), 2, 4),
        (frame_of(MAX_AHEAD_SIZE // 3), 2, 3),
        (frame_of(MAX_AHEAD_SIZE), 2, 1),
        (frame_of(MAX_AHEAD_SIZE), 4, 3),
        (frame_of(MAX_AHEAD_SIZE + 3), 4, 0),
    ],
)
def test_the_larger_a_frame_the_fewer_wait_behind_it(
    item: Frame | Fault, n_threads: int, n: int
) -> None:
    assert n_ahead(item, n_threads) == n
