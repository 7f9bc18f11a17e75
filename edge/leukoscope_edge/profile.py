"""The profile: the TOML file that describes one kind of device.

Read strictly. The shipped ones lie in `firmware_config/` of the checkout and inside
the wheel; any other is named by its path. A board finds its own by the name in its
device tree.
"""

import ipaddress
import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal

from leukoscope_edge.camera_settings import CameraSettings
from leukoscope_edge.config import read_toml
from leukoscope_edge.errors import ConfigError
from leukoscope_edge.types import THRESHOLDS

FOLDER = "firmware_config"
MAX_FRAMES_PER_SECOND = 1000.0
"""No camera at a microscope comes near; a replay may be asked to hurry."""
MAX_PORT = 65535
MAX_DAYS = 30
"""A quality slide once a month says nothing of the days between."""
MAIN_OBJECTIVE = "100x"
"""Under which blood is usually read, and a scale is measured unless said otherwise."""
OWN_BOARD = "auto"
"""In the place of a profile's name: the one of the board that this runs on."""
BOARD_NAME = Path("/proc/device-tree/model")
JETSON_RELEASE = Path("/etc/nv_tegra_release")
SEGMENTER_NAME = r"[a-z0-9]+(-[a-z0-9]+)*"
"""Whether there is one of that name shows when it is opened, and stops no count."""
THERMAL_RANGE_C = (30.0, 105.0)
"""From a warm room to where every one of these chips shuts itself off."""


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
        objective: Under which that scale was measured.
        hardware: A real camera and its locks; its source is "camera".
    """

    source: str
    frames_per_second: float
    scale_um_per_px: float | None = None
    objective: str = MAIN_OBJECTIVE
    hardware: CameraSettings | None = None

    def __post_init__(self) -> None:
        _require_range(
            "frames_per_second", self.frames_per_second, 0.1, MAX_FRAMES_PER_SECOND
        )
        if self.hardware is not None and self.source != "camera":
            raise ValueError(
                f"'source' must be 'camera' beside hardware, got {self.source!r}"
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
        if ipaddress.ip_address(self.address).is_unspecified:
            raise ValueError(
                f"'address' must be one of the device's own, got {self.address}"
            )
        _require_range("port", self.port, 0, MAX_PORT)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the page."""
        return ipaddress.ip_address(self.address).is_loopback


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardEntry:
    """Which board a profile is for.

    Attributes:
        name: How the name in its device tree begins; "" for a PC, which has none.
        jetson_releases: Major releases of Jetson Linux it was written for; empty for
            any other board.
        power_mode: Name of the nvpmodel mode to set, "" where there are none.
    """

    name: str
    jetson_releases: tuple[int, ...] = ()
    power_mode: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceEntry:
    """What the model runs on.

    Attributes:
        backends: In the order in which they are tried. The accelerator's precision is
            no choice: int8 where the GPU has it.
    """

    backends: tuple[Literal["tensorrt", "tensorrt-rtx", "cpu"], ...] = ("cpu",)

    def __post_init__(self) -> None:
        if not self.backends or self.backends[-1] != "cpu":
            raise ValueError(
                f"'backends' must end with 'cpu', which never fails, got "
                f"{list(self.backends)}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ThermalEntry:
    """How hot the chip may become.

    Attributes:
        warn_c: From here on half as many frames are judged.
        pause_c: From here on no frame is judged until it is cooler again.
    """

    warn_c: float = 75.0
    pause_c: float = 90.0

    def __post_init__(self) -> None:
        _require_range("warn_c", self.warn_c, *THERMAL_RANGE_C)
        _require_range("pause_c", self.pause_c, self.warn_c, THERMAL_RANGE_C[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteNetworkEntry:
    """What the device does on a network. Nothing, unless a site asks for it.

    Attributes:
        hotspot: Offer a Wi-Fi network of its own for viewers.
        mdns: Tell the network its name.
    """

    hotspot: bool = False
    mdns: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewEntry:
    """How slides are reviewed here.

    Attributes:
        readers: People who read the suspect cells, each without the other's words;
            where two differ, a supervisor settles it before the slide is signed.
        blind: "first-look" hides what the model thinks from everybody until the
            readers have looked, also while the slide is counted; "off" shows it.
            Two readers are blind in either case.
        differential_cells: Cells that a differential asks for: 100 in routine, 200, or
            400 (CLSI H20-A2), which two readers share, 200 of their own each; 0: as
            many as there are.
    """

    readers: Literal[1, 2] = 1
    blind: Literal["first-look", "off"] = "first-look"
    differential_cells: Literal[0, 100, 200, 400] = 0

    @property
    def hides_count(self) -> bool:
        """Whether a running count tells nothing of what its cells are."""
        return self.blind == "first-look" or self.readers > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class HospitalEntry:
    """Folders that the hospital's system shares with the device; "": none.

    Attributes:
        orders: CSV files of orders (number, age, type) are taken from here.
        results: What was signed is laid here, as FHIR and CSV.
        identified: Results say whose they are, by the sample's label.
    """

    orders: str = ""
    results: str = ""
    identified: bool = True

    def __post_init__(self) -> None:
        for name in ("orders", "results"):
            if (folder := getattr(self, name)) and not Path(folder).is_absolute():
                raise ValueError(f"'{name}' must be a full path, got {folder!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityEntry:
    """What the site asks of the device's quality before it lets it say anything.

    Attributes:
        slide_every_days: The quality slide is counted at least so often, else a count
            gives no result; 0: never asked for. Without it: 1 on a camera, 0 on the
            simulated slide.
    """

    slide_every_days: int | None = None

    def __post_init__(self) -> None:
        if self.slide_every_days is not None:
            _require_range("slide_every_days", self.slide_every_days, 0, MAX_DAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One kind of device.

    Attributes:
        name: Its name.
        camera: Where frames come from.
        page: Where the page is served.
        data_dir: Folder of the records; relative to where the program was started.
        n_threads: Threads of the network; 0: all cores.
        board: Which board it is for; None for no particular one.
        inference: What the model runs on.
        thermal: How hot the chip may become.
        network: What the device does on a network.
        sticks: Folders that the page offers as sticks, besides mounted removable disks.
        may_power_off: The page may power the machine off, by `systemctl poweroff`.
        review: How slides are reviewed here.
        quality: What is asked of the device's quality.
        hospital: Folders that the hospital's system shares with the device.
        segmenter: How cells are found: "thresholds", or a shipped network. Where the
            network does not serve, thresholds do, and page and slide say why.
        only_new: Only frames that show something new are searched for cells, and not
            each: two thirds of the processor time.
    """

    name: str
    camera: CameraEntry
    page: PageEntry
    data_dir: str
    n_threads: int = 0
    board: BoardEntry | None = None
    inference: InferenceEntry = InferenceEntry()
    thermal: ThermalEntry = ThermalEntry()
    network: SiteNetworkEntry = SiteNetworkEntry()
    sticks: tuple[str, ...] = ()
    may_power_off: bool = False
    review: ReviewEntry = ReviewEntry()
    quality: QualityEntry = QualityEntry()
    hospital: HospitalEntry = HospitalEntry()
    segmenter: str = THRESHOLDS
    only_new: bool = True

    def __post_init__(self) -> None:
        _require_range("n_threads", self.n_threads, 0, 256)
        if not re.fullmatch(SEGMENTER_NAME, self.segmenter):
            raise ValueError(
                f"'segmenter' must be {THRESHOLDS!r} or the name of a shipped network, "
                f"such as 'unet-nuclei-1', got {self.segmenter!r}"
            )


def shipped_profiles() -> dict[str, Path]:
    """Return the profiles that came with the program, by name."""
    inside = Path(str(resources.files("leukoscope_edge")))
    folders = (inside / FOLDER, inside.parents[1] / FOLDER)
    folder = next((f for f in folders if f.is_dir()), inside / FOLDER)
    return {p.stem: p for p in sorted(folder.glob("*.toml"))}


def open_profile(name: str) -> Profile:
    """Read a profile by its shipped name or its path, or that of this board ("auto").

    Raises:
        ConfigError: There is none, or it has an unknown, missing or impossible entry.
    """
    if name == OWN_BOARD:
        return board_profile(_text(BOARD_NAME), _text(JETSON_RELEASE))
    shipped = shipped_profiles()
    path = shipped.get(name, Path(name))
    if name not in shipped and path.suffix != ".toml":
        known = ", ".join(shipped)
        raise ConfigError(f"there is no profile {name!r}; shipped: {known}")
    return read_toml(path, Profile)


def board_profile(board: str, jetson_release: str) -> Profile:
    """Return the profile of a board.

    Args:
        board: Its name, as in the device tree; "" on a PC.
        jetson_release: Text of /etc/nv_tegra_release, which begins with "# R36"; ""
            where there is none.

    Raises:
        ConfigError: There is no profile for this board, or not with this system.
    """
    for path in shipped_profiles().values():
        profile = read_toml(path, Profile)
        if profile.board is not None and _is_for(profile.board, board):
            _require_release(profile, jetson_release)
            return profile
    raise ConfigError(
        f"there is no profile for the board {board!r}: name one with --profile"
    )


def _is_for(entry: BoardEntry, board: str) -> bool:
    return board.startswith(entry.name) if entry.name else not board


def _require_release(profile: Profile, jetson_release: str) -> None:
    known = profile.board.jetson_releases if profile.board else ()
    if known and not any(jetson_release.startswith(f"# R{n} ") for n in known):
        found = jetson_release.split(",")[0] or "none"
        expected = " or ".join(f"R{n}" for n in known)
        raise ConfigError(
            f"{profile.name}: Jetson Linux is {found!r}, expected {expected}: install "
            "a JetPack of that release"
        )


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace").rstrip("\0\n")
    except OSError:
        return ""
