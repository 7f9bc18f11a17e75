"""Where models lie on the device, and whether one is whole.

    DATA/models/
      state.json state.json.bak floor.json   which one counts; `updates.state`
      trust/root.json                        whom this device was told to trust
      trust/SLOT/                            TUF metadata as verified with that release
      slots/SLOT/                            one release, read-only, never changed
      staging/                               what is being copied; wiped at every start
      lock                                   one updater at a time

A slot is named after its release and the hash of its manifest, and its manifest names
every file's hash: a slot checks itself, with no key and no clock.
"""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from leukoscope_edge.durable import (
    make_folder,
    move_folder,
    open_plain,
    read_plain,
    remove,
)
from leukoscope_edge.errors import ConfigError, LeukoscopeError, UpdateError
from leukoscope_edge.log import passed_over
from leukoscope_edge.messages import message
from leukoscope_edge.updates.codes import Code, refused
from leukoscope_edge.updates.manifest import (
    MANIFEST_NAME,
    FileFact,
    Manifest,
    parse_manifest,
)
from leukoscope_edge.updates.own_disk import own_disk, replace_file
from leukoscope_edge.updates.state import State

READ_ONLY = 0o444
NAME_HEX_DIGITS = 16
CHUNK_BYTES = 1 << 20


def models_folder(data: Path) -> Path:
    """Return the folder of everything about models, below the data folder."""
    return data / "models"


def slot_folder(models: Path, slot: str) -> Path:
    """Return where a slot lies."""
    return models / "slots" / slot


def staging_folder(models: Path) -> Path:
    """Return where an update lies until it is whole."""
    return models / "staging"


def trust_folder(models: Path, slot: str) -> Path:
    """Return where the metadata verified with a slot lies."""
    return models / "trust" / slot


@contextlib.contextmanager
def locked(models: Path) -> Iterator[None]:
    """Keep other updaters out; the lock falls with the process.

    Raises:
        UpdateError: U16; one is at work.
    """
    with own_disk():
        for folder in (models, models / "slots", models / "trust"):
            make_folder(folder, mode=0o755)
        descriptor = os.open(models / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            raise refused(Code.BUSY) from err
        yield
    finally:
        os.close(descriptor)


def trust_root(data: Path, root: Path) -> int:
    """Tell a device whose updates to trust; the first word stands.

    Args:
        data: The data folder.
        root: The publisher's root file, brought by hand.

    Returns:
        The root's version.

    Raises:
        UpdateError: U04; it is not a root file, or another one is trusted already.
        ConfigError: The file cannot be read: it was misnamed, and the disk is well.
    """
    models = models_folder(data)
    with locked(models), own_disk():
        return keep_root(root, models / "trust" / "root.json")


def keep_root(root: Path, kept: Path) -> int:
    """Keep a root file brought by hand, where none is kept; return its version.

    Raises:
        UpdateError: U04; it is not a root file, or another one is kept already.
        ConfigError: The file cannot be read: it was misnamed, and the disk is well.
    """
    from leukoscope_edge.updates.verify import check_root  # brings in tuf

    try:
        given = read_plain(root)
    except OSError as err:
        raise ConfigError(f"{root}: cannot be read: {err.strerror}") from err
    version = check_root(given)
    if kept.exists() and kept.read_bytes() != given:
        raise refused(Code.FOREIGN, message("root-other", file=str(kept)))
    replace_file(kept, given)
    return version


def trusted_root(models: Path) -> bytes:
    """Return the root of trust that this device was given.

    Raises:
        UpdateError: U15; none was, or its file is no longer whole.
    """
    from leukoscope_edge.updates.verify import check_root  # brings in tuf

    try:
        root = read_plain(models / "trust" / "root.json", follows_links=False)
        check_root(root)
    except (OSError, UpdateError) as err:
        raise refused(Code.NO_TRUST) from err
    return root


def slot_name(manifest: Manifest, manifest_bytes: bytes) -> str:
    """Return the name under which a release lies in `slots`."""
    digest = hashlib.sha256(manifest_bytes).hexdigest()
    return f"{manifest.release}-{digest[:NAME_HEX_DIGITS]}"


def release_of(slot: str) -> str:
    """Return the release in a slot's name."""
    return slot.rsplit("-", 1)[0]


def read_slot(models: Path, slot: str) -> Manifest | None:
    """Hash a slot's every file and return its manifest; None where it is not whole."""
    folder = slot_folder(models, slot)
    try:
        data = read_plain(folder / MANIFEST_NAME, follows_links=False)
        manifest = parse_manifest(data)
        is_whole = slot == slot_name(manifest, data)
        is_whole = is_whole and all(is_as_signed(folder, f) for f in manifest.files)
    except OSError:
        return None
    except LeukoscopeError as err:
        passed_over(err, doing="reading a model's slot")
        return None
    return manifest if is_whole else None


def is_as_signed(folder: Path, fact: FileFact) -> bool:
    """Hash a file on this device's disk and hold it against the manifest."""
    digest = hashlib.sha256()
    with open_plain(folder / fact.name, follows_links=False) as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest() == fact.sha256


def place(models: Path, staged: Path, trust: Path, slot: str) -> None:
    """Make a staged release and its metadata durable under the slot's name."""
    for path in staged.iterdir():
        path.chmod(READ_ONLY)
    move_folder(trust, trust_folder(models, slot))
    move_folder(staged, slot_folder(models, slot))


def sweep(models: Path, state: State) -> None:
    """Remove every slot and metadata folder that the state does not name."""
    keep = state.slots_in_use()
    for folder in (models / "slots").iterdir():
        if folder.name not in keep:
            remove(folder)
    for folder in (models / "trust").iterdir():
        if folder.is_dir() and folder.name not in keep | {state.trust}:
            remove(folder)
    remove(staging_folder(models))
