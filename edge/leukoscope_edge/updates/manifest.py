"""The release's manifest, and whether this device may have it.

The manifest lies beside the card and is signed with it. It says which release this is,
for which devices and software, and the size and sha256 of every file. `admit` has no
I/O: values in, nothing or a refusal out.

    - a withdrawn release is refused, whatever its number
    - within an epoch, only a higher sequence number is new; the newest may come again
      where it was lost
    - an earlier epoch is older; a later one needs a newer root of trust
    - the software's version and the machine must be among those named
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from leukoscope_edge.config import parse_toml
from leukoscope_edge.errors import ConfigError
from leukoscope_edge.inference import Card
from leukoscope_edge.messages import message
from leukoscope_edge.types import Domain
from leukoscope_edge.updates.codes import Code, refused

MANIFEST_NAME = "manifest.toml"
MANIFEST_FORMAT = 1
MAX_MANIFEST_BYTES = 256 * 1024
MAX_FILES = 32
MAX_FILE_BYTES = 300 * 1024 * 1024
"""As for a bundle: no model that a Jetson-class device should load is larger."""
PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
"""Lower case, so that FAT32 cannot confuse two names; no separators, no `..` first."""
SHA256 = re.compile(r"[0-9a-f]{64}")
VERSION = re.compile(r"\d{1,4}(\.\d{1,4}){0,2}")


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFact:
    """One file of the release: its plain name, size and hash."""

    name: str
    size_bytes: int
    sha256: str

    def __post_init__(self) -> None:
        _require(
            bool(PLAIN_NAME.fullmatch(self.name)) and self.name != MANIFEST_NAME,
            f"'name' must be a plain lower-case file name, got {self.name!r}",
        )
        _require(
            0 <= self.size_bytes <= MAX_FILE_BYTES,
            f"'size_bytes' of {self.name} must lie in 0..{MAX_FILE_BYTES}",
        )
        _require(
            bool(SHA256.fullmatch(self.sha256)),
            f"'sha256' of {self.name} must be 64 lower-case hex digits",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What one release is and for whom.

    Attributes:
        format: Of this file; 1.
        bundle_id: The card's id.
        domain: The card's domain.
        epoch: Raised when keys were replaced after a compromise.
        sequence: Raised with every release within an epoch. Not the version: an older
            model comes back under a higher number.
        issued: Date of signing, ISO.
        review_by: Date from which the page asks for an update, ISO.
        min_software: Lowest version of this program that may use it.
        max_software: Highest one, inclusive.
        machines: As `platform.machine()` names them.
        revokes: Releases, "epoch.sequence", that must not be used any more.
        supersedes: The bundle that this one follows; may be empty.
        git_commit: Of the sources that made it.
        note: What changed, one sentence for the technician.
        files: Every other file of the release.
    """

    format: int
    bundle_id: str
    domain: Domain
    epoch: int
    sequence: int
    issued: str
    review_by: str
    min_software: str
    max_software: str
    machines: tuple[str, ...]
    revokes: tuple[str, ...]
    supersedes: str
    git_commit: str
    note: str
    files: tuple[FileFact, ...]

    def __post_init__(self) -> None:
        _require(
            self.format == MANIFEST_FORMAT,
            f"'format' {self.format} is not known here, expected {MANIFEST_FORMAT}: "
            "update the software",
        )
        _require(
            self.epoch >= 0 and self.sequence >= 1, "'epoch' or 'sequence' is too small"
        )
        for day in (self.issued, self.review_by):
            date.fromisoformat(day)
        for version in (self.min_software, self.max_software):
            _require(bool(VERSION.fullmatch(version)), f"no version: {version!r}")
        names = [f.name for f in self.files]
        _require(len(set(names)) == len(names), "'files' holds a name twice")
        _require(
            1 <= len(names) <= MAX_FILES, f"'files' must hold 1..{MAX_FILES} entries"
        )

    @property
    def release(self) -> str:
        """Epoch and sequence, "0.7": what a revocation names."""
        return f"{self.epoch}.{self.sequence}"

    @property
    def total_bytes(self) -> int:
        """Of all files but the manifest itself."""
        return sum(f.size_bytes for f in self.files)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a stick offers, its signatures verified and nothing of it taken yet."""

    manifest: Manifest
    card: Card


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Floor:
    """What this device has had; nothing below it is ever taken again.

    Ordered: by epoch, then by sequence, then by root version.
    """

    epoch: int = 0
    sequence: int = 0
    root_version: int = 0


NO_FLOOR = Floor()
"""Of a device that has had no update."""


def parse_manifest(data: bytes) -> Manifest:
    """Parse a manifest's bytes, strictly.

    Raises:
        UpdateError: U10; it is not what this software's format says.
    """
    try:
        if len(data) > MAX_MANIFEST_BYTES:
            raise ConfigError(f"{MANIFEST_NAME}: over {MAX_MANIFEST_BYTES} bytes")
        return parse_toml(data, Manifest, where=MANIFEST_NAME)
    except ConfigError as err:
        raise refused(Code.UNSUITED, str(err)) from err


def admit(
    manifest: Manifest,
    *,
    floor: Floor,
    bad: tuple[str, ...],
    here: Collection[str],
    root_version: int,
    software: str,
    machine: str,
) -> None:
    """Let a verified manifest pass, or refuse it.

    Args:
        manifest: Its signatures were verified.
        floor: What this device has had.
        bad: Releases that failed here or were withdrawn.
        here: Releases that lie on this device.
        root_version: Of the root of trust that verified it.
        software: This program's version.
        machine: This machine's architecture.

    Raises:
        UpdateError: U05, U06, U10 or U13.
    """
    if manifest.release in bad:
        raise refused(Code.WITHDRAWN, message("release", name=manifest.release))
    _refuse_older(manifest, floor, here, root_version)
    _refuse_unsuited(manifest, software, machine)


def _refuse_older(
    manifest: Manifest, floor: Floor, here: Collection[str], root_version: int
) -> None:
    found, had = (manifest.epoch, manifest.sequence), (floor.epoch, floor.sequence)
    numbers = {"had": f"{floor.epoch}.{floor.sequence}", "release": manifest.release}
    if found == had and manifest.release in here:
        raise refused(Code.SAME, manifest.bundle_id)
    if found < had:
        raise refused(Code.OLDER, message("release-had", **numbers))
    if manifest.epoch > floor.epoch and root_version <= floor.root_version:
        raise refused(Code.FOREIGN, message("release-had-root", **numbers))


def _refuse_unsuited(manifest: Manifest, software: str, machine: str) -> None:
    low, high = manifest.min_software, manifest.max_software
    if not _numbers(low) <= _numbers(software) <= _numbers(high):
        found = {"oldest": low, "newest": high, "software": software}
        raise refused(Code.UNSUITED, message("software-needed", **found))
    if machine not in manifest.machines:
        found = {"machines": ", ".join(manifest.machines), "machine": machine}
        raise refused(Code.UNSUITED, message("machine-needed", **found))


def _numbers(version: str) -> tuple[int, ...]:
    """Return major, minor and patch; what follows them ("rc1") does not count."""
    numbers = [int(n) for n in re.findall(r"\d+", version)[:3]]
    return tuple(numbers + [0] * (3 - len(numbers)))
