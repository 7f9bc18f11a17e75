"""Parameter sets as x264 and x265 write them; the light is what they were told."""

from collections.abc import Callable

import pytest

from leukoscope_edge.capture.stored.parameter_set import (
    transfer_of_h264,
    transfer_of_h265,
)

Read = Callable[[bytes], int | None]
SILENT = "67640016acd940a03da1000003000100000300140f162d96"
INTERLACED = "674d4016eca0503db0eb50101024000003000400000300507c50a658"
HLG = "67640016acd940a03da6a1224128000003000800000300a078b16cb0"
PQ_OF_LISTS = "67f40016919b281407b4d4044005000003000100000300140f162d96"
"""4:4:4, with scaling lists."""
PQ_265 = (
    "42010102200000030090000003000003005aa0050201e1365959a4932b9a848804820000"
    "030002000003001410"
)
LAYERS_265 = (
    "4201020408000003009e0800000300005a00009000a0403c2cb333199a49395cdc084800"
    "10000003001000000300a080"
)
"""HLG; two layers of time."""
LISTS_265 = (
    "4201010408000003009e0800000300005a9000a0403c2cb33349272b9b80808082000003"
    "0002000003001410"
)
"""BT.709; scaling lists, reference sets."""


@pytest.mark.parametrize(
    ("read", "unit", "transfer"),
    [
        (transfer_of_h264, "", None),
        (transfer_of_h264, SILENT, None),
        (transfer_of_h264, INTERLACED, 1),
        (transfer_of_h264, HLG, 18),
        (transfer_of_h264, PQ_OF_LISTS, 16),
        (transfer_of_h265, "", None),
        (transfer_of_h265, PQ_265, 16),
        (transfer_of_h265, LAYERS_265, 18),
        (transfer_of_h265, LISTS_265, 1),
    ],
)
def test_a_set_says_its_light(read: Read, unit: str, transfer: int | None) -> None:
    assert read(bytes.fromhex(unit)) == transfer


@pytest.mark.parametrize(
    ("read", "unit"), [(transfer_of_h264, HLG), (transfer_of_h265, PQ_265)]
)
def test_a_set_that_is_cut_or_noise_says_nothing(read: Read, unit: str) -> None:
    whole = bytes.fromhex(unit)
    assert {read(whole[:n]) for n in range(len(whole) // 3)} == {None}
    assert read(whole[:1] + bytes(60)) is None
    assert read(whole[:4] + b"\xff" * 60) != 16
