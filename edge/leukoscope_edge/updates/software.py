"""New software by stick: taken only where the publisher signed the list of its files.

A stick holds `SHA256SUMS`, a line a file, and TUF metadata that signs this list with
the keys that sign models. Where there is no software yet to check it, a person compares
the list's fingerprint with the printed one (`docs/updates.md`).

    - the list is the signed one, and no older than the one before
    - it names plain files below two folders, each with its hash
    - what is installed is a copy on this disk, hashed on the way, and nothing besides

What this device trusts lies in a folder of root's own: the service, which may be broken
into, cannot say whose software root installs.
"""

import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from leukoscope_edge.durable import make_folder, move_folder, open_plain, read_plain
from leukoscope_edge.errors import ConfigError
from leukoscope_edge.messages import message
from leukoscope_edge.updates.codes import Code, refused
from leukoscope_edge.updates.own_disk import own_disk
from leukoscope_edge.updates.slots import keep_root
from leukoscope_edge.updates.stick import CHUNK_BYTES, FolderStick

SETTINGS = Path("/etc/leukoscope/software")
SIGNED_FOLDER = "LEUKOSCOPE-SOFTWARE"
LIST_NAME, LIST_TARGET = "SHA256SUMS", "sha256sums.txt"
"""On the stick, and among what is signed: names there are in lower case."""
ROOT_NAME, TRUST = "root.json", "trust"
MAX_LIST_BYTES, MAX_FILES = 256 * 1024, 1000
LINE = re.compile(
    r"(?P<sha256>[0-9a-f]{64})  "
    r"(?P<name>(?:wheels|firmware_config)(?:/[A-Za-z0-9][A-Za-z0-9@._+-]{0,119}){1,3})"
)
"""As `sha256sum` writes it. No part of a name begins with a dot."""


def trust_software(root: Path, settings: Path = SETTINGS) -> int:
    """Tell this device whose software to take; the first word stands.

    Args:
        root: The publisher's root file, brought by hand.
        settings: Where that is kept.

    Returns:
        The root's version.

    Raises:
        UpdateError: U04; it is not a root file, or another one is trusted already.
        ConfigError: The file cannot be read.
    """
    with own_disk():
        make_folder(settings, mode=0o755)
        return keep_root(root, settings / ROOT_NAME)


def take_software(
    stick: Path, target: Path, settings: Path = SETTINGS, *, is_installed: bool = True
) -> int:
    """Copy the software of a stick, verified on the way; return how many files.

    Args:
        stick: Where it is mounted.
        target: A folder of root's own, made here.
        settings: Whose software to take, and what was taken last.
        is_installed: No older software is taken after this one.

    Raises:
        UpdateError: U01 to U05, U07 to U09, U14 or W01.
        ConfigError: Nobody said whose software to take.
    """
    root = _root(settings)
    with own_disk(), tempfile.TemporaryDirectory(dir=settings) as aside:
        trust = Path(aside, TRUST)
        listed = parse_list(_signed_list(stick, root, trust, settings))
        for name, sha256 in listed.items():
            _copy(stick / name, target / name, sha256)
        if is_installed:
            move_folder(trust, settings / TRUST)
    return len(listed)


def parse_list(data: bytes) -> Mapping[str, str]:
    """Return the sha256 of each file, by its name on the stick.

    Raises:
        UpdateError: U03; it is no such list.
    """
    lines = data.decode("ascii", "replace").splitlines()
    found = [LINE.fullmatch(line) for line in lines[: MAX_FILES + 1]]
    named = {m["name"]: m["sha256"] for m in found if m}
    if not 0 < len(lines) == len(named) <= MAX_FILES:
        raise refused(Code.DAMAGED, message("file-line", file=LIST_NAME))
    return named


def _root(settings: Path) -> bytes:
    try:
        return read_plain(settings / ROOT_NAME, follows_links=False)
    except OSError as err:
        raise ConfigError(
            f"{settings}: this device was never told whose software to take: run "
            "`leukoscope software trust ROOT.json` as root, with the publisher's first "
            "root file"
        ) from err


def _signed_list(stick: Path, root: bytes, trust: Path, settings: Path) -> bytes:
    """Return the signed list, and advance a copy of what is trusted."""
    from leukoscope_edge.updates.verify import verify  # brings in tuf

    if (settings / TRUST).is_dir():
        shutil.copytree(settings / TRUST, trust)
    else:
        trust.mkdir()
    spool = trust.parent
    with FolderStick(stick / SIGNED_FOLDER) as signed:
        checked = verify(
            signed, root=root, trust=trust, spool=spool, progress=lambda _: None
        )
        return checked.read(LIST_TARGET, spool, MAX_LIST_BYTES)


def _copy(source: Path, target: Path, sha256: str) -> None:
    """Copy a file, and go on only where it is the one that was signed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with target.open("xb") as copy:
        for chunk in _chunks(source):
            digest.update(chunk)
            copy.write(chunk)
    if digest.hexdigest() != sha256:
        raise refused(Code.DAMAGED, message("file-changed", file=source.name))


def _chunks(source: Path) -> Iterator[bytes]:
    """Yield a plain file of the stick; what fails there is not this device's disk."""
    try:
        with open_plain(source, follows_links=False) as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
    except FileNotFoundError as err:
        found = message("file-missing", file=source.name)
        raise refused(Code.INCOMPLETE, found) from err
    except OSError as err:
        found = message("file-unreadable", file=source.name)
        raise refused(Code.DAMAGED, found) from err
