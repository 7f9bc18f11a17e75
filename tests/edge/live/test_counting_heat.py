"""A chip that is too warm slows the count down; one that is too hot stops it."""

from dataclasses import replace

import pytest
from tests.edge.live.told import instruction_in
from tests.edge.live.whole_count import Orders, obeyed
from tests.edge.web.stand_ins import PROFILE

from leukoscope_edge.live import Command, Order
from leukoscope_edge.live.outbox import Draft
from leukoscope_edge.profile import CameraEntry, ThermalEntry
from leukoscope_edge.web.device import Device

LIMITS = ThermalEntry(warn_c=70.0, pause_c=90.0)


def run(
    device: Device, temp_c: float | None, **how: float
) -> tuple[list[Draft], Orders]:
    camera = CameraEntry(source="simulated:cells=4", frames_per_second=0.5)
    profile = replace(PROFILE, camera=camera, thermal=LIMITS)
    orders = Orders((Order(do=Command.PREVIEW), 3))
    box = obeyed(device, profile, orders, thermometer=lambda: temp_c, **how)
    return box.drafts, orders


def n_pictures(drafts: list[Draft]) -> int:
    return sum(d.pixels is not None for d in drafts)


@pytest.mark.parametrize(
    ("temp_c", "at_most_s"), [(None, 2.0), (69.0, 2.0), (70.0, 4.0)]
)
def test_a_warm_chip_looks_at_half_as_many_frames(
    device: Device, temp_c: float | None, at_most_s: float
) -> None:
    drafts, orders = run(device, temp_c)
    assert n_pictures(drafts) >= 2
    assert at_most_s / 2 < max(orders.waits_s) <= at_most_s


def test_a_hot_chip_looks_at_none_and_says_why(device: Device) -> None:
    drafts, _ = run(device, 90.0, feel_every_s=0.0)
    assert n_pictures(drafts) == 0
    said = instruction_in(drafts[-2].news.facts)
    assert "too hot, 90 °C" in said
    assert "below 85 °C" in said
