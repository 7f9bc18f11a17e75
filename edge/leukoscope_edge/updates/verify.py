"""Whether a stick's update was signed by the publisher: TUF, over a folder.

python-tuf does the cryptography and the order of checks: thresholds, the chain of root
keys, versions that never go back, one snapshot for all. This module feeds it from the
stick and turns its refusals into the technician's codes. It works on a copy of the
device's trusted metadata; a refused stick leaves the device's own as it was.

Source: The Update Framework specification 1.0.
"""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
    UnsignedMetadataError,
)
from tuf.api.metadata import Metadata, Root, TargetFile
from tuf.api.serialization import DeserializationError
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig

from leukoscope_edge.errors import UpdateError
from leukoscope_edge.messages import message
from leukoscope_edge.updates.clock import utc_now
from leukoscope_edge.updates.codes import Code, refused
from leukoscope_edge.updates.manifest import MANIFEST_NAME, MAX_MANIFEST_BYTES, FileFact
from leukoscope_edge.updates.stick import METADATA, TARGETS, Stick

MAX_ROOT_ROTATIONS = 256
TUF_LIMITS = UpdaterConfig(
    max_root_rotations=MAX_ROOT_ROTATIONS,
    max_delegations=0,  # the publisher delegates nothing
    root_max_length=512_000,
    timestamp_max_length=16_384,
    snapshot_max_length=65_536,
    targets_max_length=262_144,
)
ROOT_SUFFIX = ".root.json"
HTTP_NOT_FOUND = 404
"""How python-tuf wants to hear that there is no newer root."""

Progress = Callable[[int], None]
"""Told how many bytes were read since it was last told."""


class StickFetcher(FetcherInterface):
    """Feeds python-tuf from a stick; knows no network.

    Attributes:
        name: Of the file read last.
        was_short: Whether it had fewer bytes than it may have.
    """

    def __init__(self, stick: Stick, spool: Path, progress: Progress) -> None:
        """Remember where to read, where to spool and whom to tell.

        Args:
            stick: The update.
            spool: A folder on the data disk; the system's own may be tiny.
            progress: Told the bytes as they are read.
        """
        self.stick = stick
        self.name = ""
        self.was_short = False
        self._spool = spool
        self._progress = progress

    def _fetch(self, url: str) -> Iterator[bytes]:
        part, name = url.split("/", 1)
        self.name = name
        if name.endswith(ROOT_SUFFIX) and not self.stick.holds(part, name):
            raise DownloadHTTPError(name, HTTP_NOT_FOUND)
        return self.stick.read(part, name)

    @contextlib.contextmanager
    def download_file(self, url: str, max_length: int) -> Iterator[IO[bytes]]:
        """Spool a file into the device, at most `max_length` bytes of it."""
        n_bytes = 0
        with tempfile.TemporaryFile(dir=self._spool) as copy:
            for chunk in self.fetch(url):
                n_bytes += len(chunk)
                if n_bytes > max_length:
                    raise DownloadLengthMismatchError(url)
                copy.write(chunk)
                self._progress(len(chunk))
            self.was_short = n_bytes < max_length
            copy.seek(0)
            yield copy


@dataclass(frozen=True, slots=True)
class Verifier:
    """A stick whose metadata was verified; hands out verified files."""

    updater: Updater
    fetcher: StickFetcher
    trust: Path

    @property
    def root_version(self) -> int:
        """Of the newest root of trust, the stick's included."""
        return root_version(self.trust)

    def manifest(self, target: Path) -> bytes:
        """Copy the manifest and return its bytes.

        Raises:
            UpdateError: U02, U03, U04 or U14.
        """
        return self.read(MANIFEST_NAME, target, MAX_MANIFEST_BYTES)

    def read(self, name: str, target: Path, max_bytes: int) -> bytes:
        """Copy a short signed file and return its bytes.

        Args:
            name: Among what was signed.
            target: Folder of the copy.
            max_bytes: A longer one is refused.

        Raises:
            UpdateError: U02, U03, U04, U10 or U14.
        """
        with _refusals(self.fetcher, self.trust):
            info = _signed_info(self.updater, name)
            if info.length > max_bytes:
                length = message("file-of-bytes", file=name, n=info.length)
                raise refused(Code.UNSUITED, length)
            self.updater.download_target(info, str(target / name))
        return (target / name).read_bytes()

    def copy(self, fact: FileFact, target: Path) -> None:
        """Copy one file that the manifest names, verified on the way.

        Raises:
            UpdateError: U02, U03, U04 or U14.
        """
        with _refusals(self.fetcher, self.trust):
            info = _signed_info(self.updater, fact.name)
            if info.length != fact.size_bytes or info.hashes["sha256"] != fact.sha256:
                found = message("file-signed-twice", file=fact.name)
                raise refused(Code.FOREIGN, found)
            self.updater.download_target(info, str(target / fact.name))


def verify(
    stick: Stick, *, root: bytes, trust: Path, spool: Path, progress: Progress
) -> Verifier:
    """Verify a stick's metadata.

    Args:
        stick: The update.
        root: The root of trust that this device was given.
        trust: A copy of what it verified last; advanced in place.
        spool: A folder on the data disk for what is being verified.
        progress: Told the bytes as they are read.

    Raises:
        UpdateError: U02 to U05, U07, U14 or W01.
    """
    fetcher = StickFetcher(stick, spool, progress)
    with _refusals(fetcher, trust):
        updater = Updater(
            metadata_dir=str(trust),
            metadata_base_url=METADATA,
            target_base_url=TARGETS,
            fetcher=fetcher,
            config=TUF_LIMITS,
            bootstrap=root,
        )
        updater.refresh()
    return Verifier(updater, fetcher, trust)


def check_root(data: bytes) -> int:
    """Return the version of a root file that is signed by its own keys.

    Raises:
        UpdateError: U04; it is not one.
    """
    try:
        root = Metadata[Root].from_bytes(data)
        root.signed.verify_delegate(Root.type, root.signed_bytes, root.signatures)
    except RepositoryError as err:
        raise refused(Code.FOREIGN, message("root-none", why=str(err))) from err
    return root.signed.version


def root_version(trust: Path) -> int:
    """Return the version of the newest root in a folder of TUF metadata."""
    return Metadata[Root].from_bytes((trust / "root.json").read_bytes()).signed.version


def _signed_info(updater: Updater, name: str) -> TargetFile:
    info = updater.get_targetinfo(name)
    if info is None or "sha256" not in info.hashes:
        raise refused(Code.FOREIGN, message("file-not-signed", file=name))
    return info


@contextlib.contextmanager
def _refusals(fetcher: StickFetcher, trust: Path) -> Iterator[None]:
    """Turn python-tuf's refusals into the technician's codes."""
    try:
        yield
    except DownloadLengthMismatchError as err:
        raise _bad_file(Code.DAMAGED, "file-too-long", fetcher) from err
    except LengthOrHashMismatchError as err:
        if fetcher.was_short:
            raise _bad_file(Code.INCOMPLETE, "file-cut-short", fetcher) from err
        raise _bad_file(Code.DAMAGED, "file-changed", fetcher) from err
    except DeserializationError as err:
        raise _bad_file(Code.DAMAGED, "file-unreadable", fetcher) from err
    except ExpiredMetadataError as err:
        now = f"{utc_now():%Y-%m-%d}"
        found = message("past-end", day=now, why=str(err))
        raise refused(Code.CLOCK, found) from err
    except UnsignedMetadataError as err:
        raise _unsigned(fetcher, root_version(trust)) from err
    except BadVersionNumberError as err:
        is_root = fetcher.name.endswith(ROOT_SUFFIX)
        raise refused(Code.FOREIGN if is_root else Code.OLDER, str(err)) from err
    except RepositoryError as err:
        raise refused(Code.FOREIGN, str(err)) from err


def _bad_file(code: Code, found: str, fetcher: StickFetcher) -> UpdateError:
    return refused(code, message(found, file=fetcher.name))


def _unsigned(fetcher: StickFetcher, root_version: int) -> UpdateError:
    """Tell a stick without all root files from one that a stranger made."""
    numbers = range(root_version + 1, root_version + 1 + MAX_ROOT_ROTATIONS)
    names = [f"{n}{ROOT_SUFFIX}" for n in numbers]
    present = [fetcher.stick.holds(METADATA, n) for n in names]
    if not any(present) or present[0]:
        return refused(Code.FOREIGN, fetcher.name)
    missing = names[: present.index(True)]
    return refused(Code.KEY_GAP, ", ".join(missing))
