"""The profile: the TOML file that describes one kind of device.

Read strictly. The shipped ones lie in `firmware_config/` of the checkout and inside
the wheel; any other is named by its path.
"""

import ipaddress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from leukoscope_edge.config import read_toml
from leukoscope_edge.errors import ConfigError

FOLDER = "firmware_config"
MAX_FRAMES_PER_SECOND = 1000.0
"""No camera at a microscope comes near; a replay may be asked to hurry."""
MAX_PORT = 65535


def _require_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"'{name}' must lie in {low}..{high}, got {value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraEntry:
    """Where frames come from.

    Attributes:
        source: What `leukoscope screen` takes as SOURCE.
        frames_per_second: How often a replayed or simulated frame is shown.
        scale_um_per_px: Calibrated micrometres per pixel, None where the source
            brings its own.
    """

    source: str
    frames_per_second: float
    scale_um_per_px: float | None = None

    def __post_init__(self) -> None:
        _require_range(
            "frames_per_second", self.frames_per_second, 0.1, MAX_FRAMES_PER_SECOND
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PageEntry:
    """Where the technician's page is served: this machine alone, by default.

    Attributes:
        address: The IP address to bind. Anything but loopback is served with TLS.
        port: The TCP port.
        name: The device's name on the clinic's network, empty where it has none.
    """

    address: str = "127.0.0.1"
    port: int = 8000
    name: str = ""

    def __post_init__(self) -> None:
        ipaddress.ip_address(self.address)
        _require_range("port", self.port, 0, MAX_PORT)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the page."""
        return ipaddress.ip_address(self.address).is_loopback


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One kind of device.

    Attributes:
        name: Its name.
        camera: Where frames come from.
        page: Where the page is served.
        data_dir: Folder of the records; relative to where the program was started.
        n_threads: Threads of the network; 0: all cores.
    """

    name: str
    camera: CameraEntry
    page: PageEntry
    data_dir: str
    n_threads: int = 0

    def __post_init__(self) -> None:
        _require_range("n_threads", self.n_threads, 0, 256)


def shipped_profiles() -> dict[str, Path]:
    """Return the profiles that came with the program, by name."""
    inside = Path(str(resources.files("leukoscope_edge")))
    folders = (inside / FOLDER, inside.parents[1] / FOLDER)
    folder = next((f for f in folders if f.is_dir()), inside / FOLDER)
    return {p.stem: p for p in sorted(folder.glob("*.toml"))}


def open_profile(name: str) -> Profile:
    """Read a profile by its shipped name or its path.

    Raises:
        ConfigError: There is none, or it has an unknown, missing or impossible entry.
    """
    shipped = shipped_profiles()
    path = shipped.get(name, Path(name))
    if name not in shipped and path.suffix != ".toml":
        known = ", ".join(shipped)
        raise ConfigError(f"there is no profile {name!r}; shipped: {known}")
    return read_toml(path, Profile)
