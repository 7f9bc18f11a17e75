"""What the device says of itself: a cure for every fault of a disk."""

from leukoscope_edge.errors import CURES
from leukoscope_edge.messages.device import DEVICE


def test_each_fault_of_a_disk_has_its_cure() -> None:
    cures = {i for i in DEVICE if i.startswith("disk-cure-")}
    assert cures == {*CURES.values(), "disk-cure-service"}


def test_who_is_to_own_a_file_is_said_by_name() -> None:
    asked = {i for i in DEVICE if i.startswith("disk-cure-") and "{user}" in DEVICE[i]}
    assert asked == {"disk-cure-owner", "disk-cure-owner-all"}
