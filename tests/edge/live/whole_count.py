"""A count from its first order to its last, as its process obeys, without a page."""

from typing import Any

from tests.edge.web.stand_ins import NAME

from leukoscope_edge.inference import open_engine
from leukoscope_edge.live import Command, Order
from leukoscope_edge.live.counting_process import Worker
from leukoscope_edge.live.outbox import Draft
from leukoscope_edge.profile import Profile
from leukoscope_edge.service import NoPulse
from leukoscope_edge.web.device import Device


class KeptBox:
    """Keeps what the page would be told."""

    def __init__(self) -> None:
        self.drafts: list[Draft] = []

    def put(self, draft: Draft) -> None:
        self.drafts.append(draft)


class Orders:
    """Gives orders, each for so many turns more, asks to leave, and never waits."""

    def __init__(self, *orders: tuple[Order, int]) -> None:
        turns: list[Order | None] = []
        for order, n_turns in orders:
            turns += [order, None, *[None] * n_turns]
        self._turns = iter([*turns, Order(do=Command.LEAVE)])
        self.waits_s: list[float] = []

    def take(self, timeout_s: float) -> Order | None:
        self.waits_s.append(timeout_s)
        return next(self._turns)


def order(do: Command, slide: str) -> Order:
    return Order(do=do, slide=slide, by=NAME)


def to_the_end(slide: str, n_frames: int) -> Orders:
    """Count so many frames of a slide, and finish it."""
    return Orders(
        (order(Command.COUNT, slide), n_frames), (order(Command.FINISH, slide), 0)
    )


def obeyed(
    device: Device,
    profile: Profile,
    orders: Orders,
    *,
    engine: Any = None,
    pulse: Any = None,
    **how: Any,
) -> KeptBox:
    """Obey all orders; by the device's own engine where no other is given."""
    box = KeptBox()
    with open_engine(device.bundle, backend="cpu", n_threads=1) as own:
        judge, pulse = engine or own, pulse or NoPulse()
        worker = Worker(profile, device.store, device.bundle, judge, box, pulse, **how)
        worker.obey_all(orders)
    return box
