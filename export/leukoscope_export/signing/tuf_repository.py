"""A TUF repository as a plain folder: drafted, signed by people, sealed, on a stick.

    REPO/metadata/   N.root.json, N.targets.json, N.snapshot.json, timestamp.json
    REPO/targets/    SHA256.NAME

Root needs two of its three keys, targets both of two: no single stolen key makes a
device take a model. Everything lasts until 2099, because a device without a network
cannot be told that it lasts longer; a release's own review date makes the banner.

Source: The Update Framework specification 1.0, consistent snapshots.
"""

import dataclasses
import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from securesystemslib.signer import Key, Signer
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import (
    Metadata,
    MetaFile,
    Role,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization.json import JSONSerializer

from leukoscope_edge.errors import UpdateError
from leukoscope_edge.inference import Bundle, call_for, open_bundle, p_blast
from leukoscope_edge.types import CallName
from leukoscope_edge.updates import (
    LIST_NAME,
    LIST_TARGET,
    MANIFEST_FORMAT,
    MANIFEST_NAME,
    METADATA,
    SIGNED_FOLDER,
    TARGETS,
    UPDATE_FOLDER,
    ZIP_NAME,
    FileFact,
    Manifest,
    parse_list,
    parse_manifest,
)
from leukoscope_export.signing.keys import PublishError
from leukoscope_export.signing.model_card_and_sbom import model_card_text, sbom_bytes
from leukoscope_train.toml import as_toml

EXPIRES = datetime(2099, 12, 31, tzinfo=timezone.utc)
N_ROOT_KEYS, ROOT_THRESHOLD = 3, 2
N_TARGETS_KEYS, TARGETS_THRESHOLD = 2, 2
MODEL_CARD_NAME, SBOM_NAME = "model-card.md", "sbom.cdx.json"
README_NAME = "READ-ME-FIRST.txt"
COMPACT = JSONSerializer(compact=True, validate=True)
README = """\
Leukoscope: a new model, {bundle_id}, release {release} of {issued}.
{note}

Put this stick into the device and choose Update, or run
    leukoscope model install PATH-OF-THIS-STICK
Copy the folder {folder} whole and change nothing in it: the device checks every file
and takes nothing that was changed. This text alone is not checked.
"""
S = TypeVar("S", Root, Targets, Snapshot, Timestamp)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishNotes:
    """What a person decides about a release; see `updates.manifest.Manifest`."""

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


@dataclass(frozen=True, slots=True)
class Repository:
    """The publisher's folder."""

    folder: Path

    @property
    def metadata(self) -> Path:
        """Where signed metadata lies."""
        return self.folder / METADATA

    @property
    def targets(self) -> Path:
        """Where releases' files lie."""
        return self.folder / TARGETS

    def path(self, role: str, version: int) -> Path:
        """Return where a role's version lies."""
        return self.metadata / f"{version}.{role}.json"

    def latest(self, role: str) -> int:
        """Return the highest version of a role, 0 where there is none."""
        names = (p.name.split(".") for p in self.metadata.glob(f"*.{role}.json"))
        return max((int(n[0]) for n in names), default=0)

    def load(self, kind: type[S], version: int) -> Metadata[S]:
        """Read one version of a role.

        Raises:
            PublishError: It is not there or not readable.
        """
        path = self.path(kind.type, version)
        try:
            metadata: Metadata[S] = Metadata.from_bytes(path.read_bytes())
        except (RepositoryError, OSError) as err:
            raise PublishError(f"{path}: cannot be read: {err}") from err
        return metadata

    def save(self, metadata: Metadata[S], path: Path) -> Path:
        """Write metadata compactly: no byte in it is without meaning."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(metadata.to_bytes(COMPACT))
        return path


def draft_root(
    repository: Repository,
    *,
    root: Sequence[Key],
    targets: Sequence[Key],
    release: Key,
) -> Path:
    """Write the next root, unsigned: the first one, a rotation or a revocation.

    A key that is left out is revoked. Two keys of the root before must sign too.

    Args:
        repository: The publisher's folder.
        root: Three keys, of which two sign.
        targets: Two keys, of which both sign: who made the model, who reviewed it.
        release: One key that seals what they signed.

    Raises:
        PublishError: There are too few keys, or one key in two places.
    """
    everyone = {k.keyid for k in (*root, *targets, release)}
    if len(root) != N_ROOT_KEYS or len(targets) != N_TARGETS_KEYS:
        raise PublishError(f"need {N_ROOT_KEYS} root keys and {N_TARGETS_KEYS} targets")
    if len(everyone) != N_ROOT_KEYS + N_TARGETS_KEYS + 1:
        raise PublishError("every key may serve in one place alone")
    drafted = Root(
        version=repository.latest(Root.type) + 1,
        expires=EXPIRES,
        keys={k.keyid: k for k in (*root, *targets, release)},
        roles={
            Root.type: Role([k.keyid for k in root], ROOT_THRESHOLD),
            Targets.type: Role([k.keyid for k in targets], TARGETS_THRESHOLD),
            Snapshot.type: Role([release.keyid], 1),
            Timestamp.type: Role([release.keyid], 1),
        },
        consistent_snapshot=True,
    )
    path = repository.path(Root.type, drafted.version)
    return repository.save(Metadata(drafted), path)


def draft_release(repository: Repository, bundle: Path, notes: PublishNotes) -> Path:
    """Put a bundle's files into the repository and write unsigned targets.

    The bundle is opened as the device opens it; model card and bill of materials are
    written from it.

    Raises:
        PublishError: Its stored cells hold no blast, or the notes cannot be.
        BundleError: The device would refuse it.
    """
    opened = open_bundle(bundle)
    if opened.card.domain == "real":
        _require_both_classes(opened)
    texts = {
        MODEL_CARD_NAME: model_card_text(opened.card).encode(),
        SBOM_NAME: sbom_bytes(opened.card),
    }
    files = {p.name: p.read_bytes() for p in sorted(bundle.iterdir())} | texts
    manifest = _manifest(opened, notes, files)
    files[MANIFEST_NAME] = as_toml(manifest).encode()
    described = {n: TargetFile.from_data(n, d, ["sha256"]) for n, d in files.items()}
    repository.targets.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        stored = f"{described[name].hashes['sha256']}.{name}"
        (repository.targets / stored).write_bytes(data)
    version = repository.latest(Targets.type) + 1
    drafted = Targets(version=version, expires=EXPIRES, targets=described)
    return repository.save(Metadata(drafted), repository.path(Targets.type, version))


def draft_software(repository: Repository, stick: Path) -> Path:
    """Put the list of a stick's software into the repository, as unsigned targets.

    A repository of its own, whose first root is the one of the models.

    Raises:
        PublishError: The stick has no such list.
    """
    try:
        data = (stick / LIST_NAME).read_bytes()
        parse_list(data)
    except (OSError, UpdateError) as err:
        raise PublishError(f"{stick}: run tools/make_wheelhouse.py: {err}") from err
    info = TargetFile.from_data(LIST_TARGET, data, ["sha256"])
    repository.targets.mkdir(parents=True, exist_ok=True)
    (repository.targets / f"{info.hashes['sha256']}.{LIST_TARGET}").write_bytes(data)
    version = repository.latest(Targets.type) + 1
    drafted = Targets(version=version, expires=EXPIRES, targets={LIST_TARGET: info})
    return repository.save(Metadata(drafted), repository.path(Targets.type, version))


def sign(path: Path, signer: Signer) -> int:
    """Add one signature to a drafted file; return how many it has now.

    Raises:
        PublishError: The file is not metadata.
    """
    try:
        metadata: Metadata[Root] = Metadata.from_bytes(path.read_bytes())
        metadata.sign(signer, append=True)
        path.write_bytes(metadata.to_bytes(COMPACT))
    except (OSError, RepositoryError) as err:
        raise PublishError(f"{path}: cannot be signed: {err}") from err
    return len(metadata.signatures)


def check_root(repository: Repository) -> Root:
    """Return the newest root, where its own keys and the last one's signed it.

    Raises:
        PublishError: Signatures are missing.
    """
    version = repository.latest(Root.type)
    newest = repository.load(Root, version)
    before = repository.load(Root, version - 1).signed if version > 1 else None
    result = newest.signed.get_root_verification_result(
        before, newest.signed_bytes, newest.signatures
    )
    if not result.verified:
        missing = max(result.first.missing, result.second.missing)
        raise PublishError(f"{version}.root.json: {missing} more signatures are needed")
    return newest.signed


def seal(repository: Repository, signer: Signer) -> None:
    """Write snapshot and timestamp over what people signed.

    Raises:
        PublishError: Root or targets lack signatures.
    """
    root = check_root(repository)
    version = repository.latest(Targets.type)
    targets = repository.load(Targets, version)
    try:
        root.verify_delegate(Targets.type, targets.signed_bytes, targets.signatures)
    except RepositoryError as err:
        raise PublishError(f"{version}.targets.json: {err}") from err
    next_version = repository.latest(Snapshot.type) + 1
    snapshot = Metadata(Snapshot(version=next_version, expires=EXPIRES))
    snapshot.signed.meta["targets.json"] = _pinned(repository, Targets.type, version)
    snapshot.sign(signer)
    repository.save(snapshot, repository.path(Snapshot.type, next_version))
    stamp = Metadata(Timestamp(version=next_version, expires=EXPIRES))
    stamp.signed.snapshot_meta = _pinned(repository, Snapshot.type, next_version)
    stamp.sign(signer)
    repository.save(stamp, repository.metadata / "timestamp.json")


def write_stick(repository: Repository, out: Path) -> Path:
    """Write the newest sealed release as a folder for a FAT32 stick.

    What was sealed is a model, or the list of a stick's software; this says in which
    folder it is looked for.

    Every root is on it, so that a device that slept for years can follow.

    Raises:
        PublishError: There is no sealed release, or the folder is there already.
    """
    snapshot = repository.load(Snapshot, repository.latest(Snapshot.type))
    version = snapshot.signed.meta["targets.json"].version
    targets = repository.load(Targets, version).signed.targets
    is_software = LIST_TARGET in targets
    folder = out / (SIGNED_FOLDER if is_software else UPDATE_FOLDER)
    if folder.exists():
        raise PublishError(f"{folder}: is there already; name an empty place")
    names = [f"{n}.root.json" for n in range(1, repository.latest(Root.type) + 1)]
    names += [f"{snapshot.signed.version}.snapshot.json", f"{version}.targets.json"]
    (folder / METADATA).mkdir(parents=True)
    (folder / TARGETS).mkdir()
    for name in (*names, "timestamp.json"):
        shutil.copyfile(repository.metadata / name, folder / METADATA / name)
    for name, info in targets.items():
        stored = f"{info.hashes['sha256']}.{name}"
        shutil.copyfile(repository.targets / stored, folder / TARGETS / stored)
    if not is_software:
        text = _readme(repository, targets[MANIFEST_NAME])
        (folder / README_NAME).write_text(text, encoding="utf-8")
    return folder


def write_single(folder: Path) -> Path:
    """Write the same release as one file beside its folder, stored, not compressed.

    Args:
        folder: What `write_stick` wrote.
    """
    path = folder.with_name(ZIP_NAME)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as single:
        for part in (METADATA, TARGETS):
            for file in sorted((folder / part).iterdir()):
                single.write(file, f"{UPDATE_FOLDER}/{part}/{file.name}")
    return path


def _require_both_classes(opened: Bundle) -> None:
    """Refuse stored cells that cannot show a model which lost one of its classes."""
    decision = opened.card.decision
    p = p_blast(opened.golden.logits, decision.temperature)
    names = {call_for(float(v), decision).name for v in p}
    if not {CallName.BLAST, CallName.NORMAL} <= names:
        found = ", ".join(sorted(n.value for n in names))
        raise PublishError(f"the stored cells are all {found}: store both kinds")


def _manifest(opened: Bundle, notes: PublishNotes, files: dict[str, bytes]) -> Manifest:
    facts = (
        FileFact(name=n, size_bytes=len(d), sha256=sha256(d).hexdigest())
        for n, d in files.items()
    )
    try:
        return Manifest(
            format=MANIFEST_FORMAT,
            bundle_id=opened.card.id,
            domain=opened.card.domain,
            files=tuple(facts),
            **dataclasses.asdict(notes),
        )
    except ValueError as err:
        raise PublishError(f"the release cannot be described: {err}") from err


def _pinned(repository: Repository, role: str, version: int) -> MetaFile:
    """Return a reference by version, length and hash."""
    data = repository.path(role, version).read_bytes()
    return MetaFile.from_data(version, data, ["sha256"])


def _readme(repository: Repository, manifest: TargetFile) -> str:
    stored = repository.targets / f"{manifest.hashes['sha256']}.{MANIFEST_NAME}"
    described = parse_manifest(stored.read_bytes())
    return README.format(
        bundle_id=described.bundle_id,
        release=described.release,
        issued=described.issued,
        note=described.note,
        folder=UPDATE_FOLDER,
    )
