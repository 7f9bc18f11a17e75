"""A chip that is too warm slows the count down; one that is too hot stops it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.edge.live.told import instruction_in
from tests.edge.web.stand_ins import PROFILE

from leukoscope_edge.inference import open_engine
from leukoscope_edge.live import Command, Order
from leukoscope_edge.live.counting_process import Worker
from leukoscope_edge.live.outbox import Draft
from leukoscope_edge.profile import CameraEntry, ThermalEntry
from leukoscope_edge.service import NoPulse
from leukoscope_edge.web.device import Device

LIMITS = ThermalEntry(warn_c=70.0, pause_c=90.0)
PREVIEW, LEAVE = Order(do=Command.PREVIEW), Order(do=Command.LEAVE)


class KeptBox:
    def __init__(self) -> None:
        self.drafts: list[Draft] = []

    def put(self, draft: Draft) -> None:
        self.drafts.append(draft)

    @property
    def n_pictures(self) -> int:
        return sum(d.pixels is not None for d in self.drafts)

    @property
    def instructions(self) -> list[str]:
        return [instruction_in(d.news.facts) for d in self.drafts]


class Orders:
    """Gives an order, lets some turns pass, and then asks to leave."""

    def __init__(self, n_turns: int) -> None:
        self._turns: Iterator[Order | None] = iter(
            [PREVIEW, None, *[None] * n_turns, LEAVE]
        )
        self.waits_s: list[float] = []

    def take(self, timeout_s: float) -> Order | None:
        self.waits_s.append(timeout_s)
        return next(self._turns)


def run(device: Device, temp_c: float | None, **how: float) -> tuple[KeptBox, Orders]:
    camera = CameraEntry(source="simulated:cells=4", frames_per_second=0.5)
    profile = replace(PROFILE, camera=camera, thermal=LIMITS)
    box, orders = KeptBox(), Orders(n_turns=3)
    with open_engine(device.bundle, backend="cpu", n_threads=1) as engine:
        Worker(
            *(profile, device.store, device.bundle, engine, box, NoPulse()),
            thermometer=lambda: temp_c,
            **how,
        ).obey_all(orders)
    return box, orders


@pytest.mark.parametrize(
    ("temp_c", "at_most_s"), [(None, 2.0), (69.0, 2.0), (70.0, 4.0)]
)
def test_a_warm_chip_looks_at_half_as_many_frames(
    device: Device, temp_c: float | None, at_most_s: float
) -> None:
    box, orders = run(device, temp_c)
    assert box.n_pictures >= 2
    assert at_most_s / 2 < max(orders.waits_s) <= at_most_s


def test_a_hot_chip_looks_at_none_and_says_why(device: Device) -> None:
    box, _ = run(device, 90.0, feel_every_s=0.0)
    assert box.n_pictures == 0
    assert "too hot, 90 °C" in box.instructions[-2]
    assert "below 85 °C" in box.instructions[-2]
