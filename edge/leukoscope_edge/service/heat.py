"""How hot the chip is, whether it slows itself down, and what to do about it.

Sources: the kernel's thermal zones (sysfs-class-thermal), the Raspberry Pi's
`get_throttled`, and the throttle counters of x86 processors.
"""

import contextlib
from enum import Enum
from pathlib import Path

from leukoscope_edge.profile import ThermalEntry

SYS = Path("/sys")
COOLED_BY_C = 5.0
"""So much below the limit before work goes on, or it would stop and go by turns."""
PI_THROTTLED_NOW = 0b1110
"""Bits 1 to 3: frequency capped, throttled, soft temperature limit; 0 is voltage."""
PI_UNDER_VOLTAGE = 0b1


class Heat(Enum):
    """What the chip can bear."""

    GOOD = "good"
    WARM = "warm"
    HOT = "hot"


def temperature_c(sys: Path = SYS) -> float | None:
    """Return that of the hottest zone, None where the kernel knows none.

    Args:
        sys: Root of the kernel's files.
    """
    found = []
    for zone in (sys / "class" / "thermal").glob("thermal_zone*/temp"):
        with contextlib.suppress(OSError, ValueError):
            found.append(int(zone.read_text()) / 1000)
    believable = [t for t in found if -40.0 < t < 150.0]
    return max(believable, default=None)


def throttling(sys: Path = SYS) -> str:
    """Return in words how the chip slows itself down now, "" where it does not."""
    with contextlib.suppress(OSError, ValueError):
        path = sys / "devices/platform/soc/soc:firmware/get_throttled"
        bits = int(path.read_text(), 16)
        if bits & PI_UNDER_VOLTAGE:
            return "the power supply is too weak"
        return "the processor is slowed down" if bits & PI_THROTTLED_NOW else ""
    return ""


def judge(temp_c: float | None, limits: ThermalEntry, before: Heat) -> Heat:
    """Return what a temperature means after what was before.

    Args:
        temp_c: Degrees, None where unknown: then nothing is said.
        limits: The profile's.
        before: The last judgement; a hot chip must cool down by some degrees first.
    """
    if temp_c is None:
        return Heat.GOOD
    relief_c = COOLED_BY_C if before is Heat.HOT else 0.0
    if temp_c >= limits.pause_c - relief_c:
        return Heat.HOT
    return Heat.WARM if temp_c >= limits.warn_c else Heat.GOOD
