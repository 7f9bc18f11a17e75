"""A publisher and a stick in memory: the same formats, none of the tool's own code.

`Publisher` signs whatever a test asks for, honest or not. `MemoryStick` is a second
implementation of `updates.stick.Stick`.
"""

import copy
import hashlib
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from securesystemslib.signer import CryptoSigner
from tests.edge.updates.outcomes import MakeDevice
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

from leukoscope_edge.updates import (
    Code,
    Shadow,
    Step,
    UpdateContext,
    refused,
    trust_root,
)

EXPIRES = datetime(2099, 12, 31, tzinfo=timezone.utc)
NOW = datetime(2027, 1, 15, tzinfo=timezone.utc)
COMPACT = JSONSerializer(compact=True)
MANIFEST = """\
format = 1
bundle_id = "{id}"
domain = "{domain}"
epoch = {epoch}
sequence = {sequence}
issued = "2026-12-01"
review_by = "{review_by}"
min_software = "{min_software}"
max_software = "9"
machines = ["{machine}"]
revokes = {revokes}
supersedes = ""
git_commit = ""
note = "a test's release"
files = [{files}]
"""


@dataclass
class MemoryStick:
    """A stick whose files are bytes; what is asked for is written down."""

    files: dict[str, bytes]
    asked: list[str] = field(default_factory=list)

    def holds(self, part: str, name: str) -> bool:
        return f"{part}/{name}" in self.files

    def read(self, part: str, name: str) -> Iterator[bytes]:
        self.asked.append(f"{part}/{name}")
        try:
            yield self.files[f"{part}/{name}"]
        except KeyError:
            raise refused(Code.INCOMPLETE, name) from None


class Publisher:
    """Holds all keys of a publisher and writes what its stick would hold."""

    def __init__(self, bundle: dict[str, bytes]) -> None:
        self.bundle = bundle
        self.files: dict[str, bytes] = {}
        self.signers = {
            Root.type: _signers(3),
            Targets.type: _signers(2),
            Snapshot.type: _signers(1),
            Timestamp.type: _signers(1),
        }
        self.thresholds = {
            Root.type: 2,
            Targets.type: 2,
            Snapshot.type: 1,
            Timestamp.type: 1,
        }
        self.versions = dict.fromkeys(self.signers, 0)
        self.expires = dict.fromkeys(self.signers, EXPIRES)
        self.targets: dict[str, TargetFile] = {}
        self.root()

    @property
    def stick(self) -> MemoryStick:
        return MemoryStick(dict(self.files))

    def clone(self) -> "Publisher":
        return copy.copy(self)._with(copy.deepcopy(self.__dict__))

    def _with(self, values: dict[str, Any]) -> "Publisher":
        self.__dict__.update(values)
        return self

    def rotate(self, *roles: str) -> None:
        """Replace all keys of some roles; the old root signs the new one too."""
        old = self.signers[Root.type]
        for role in roles:
            self.signers[role] = _signers(len(self.signers[role]))
        self.root(by=[*old, *self.signers[Root.type]])

    def root(self, by: list[CryptoSigner] | None = None) -> None:
        version = self._next(Root.type)
        keys = {s.public_key.keyid: s.public_key for s in self._everyone()}
        roles = {
            role: Role([s.public_key.keyid for s in signers], self.thresholds[role])
            for role, signers in self.signers.items()
        }
        root = Root(
            version=version,
            expires=self.expires[Root.type],
            keys=keys,
            roles=roles,
            consistent_snapshot=True,
        )
        self._put(f"{version}.root.json", root, by or self.signers[Root.type])

    def release(
        self,
        sequence: int,
        *,
        by: list[CryptoSigner] | None = None,
        card: Callable[[bytes], bytes] = lambda card: card,
        **changes: Any,
    ) -> "Publisher":
        """Put a release on the stick, and sign targets, snapshot and timestamp."""
        id_ = changes.pop("id", f"red-{sequence}")
        text = card(self.bundle["card.toml"].replace(b"red-test", id_.encode()))
        files = {**self.bundle, "card.toml": text}
        values = {
            "epoch": 0,
            "domain": "real",
            "review_by": "2029-01-01",
            "min_software": "0.1",
            "machine": platform.machine(),
            "revokes": "[]",
        } | changes
        facts = ", ".join(
            f'{{name = "{name}", size_bytes = {len(data)}, sha256 = "{_sha256(data)}"}}'
            for name, data in files.items()
        )
        files["manifest.toml"] = MANIFEST.format(
            id=id_, sequence=sequence, files=facts, **values
        ).encode()
        return self.sign_targets(files, by=by)

    def sign_targets(
        self, files: dict[str, bytes], by: list[CryptoSigner] | None = None
    ) -> "Publisher":
        self.targets = {n: TargetFile.from_data(n, d) for n, d in files.items()}
        for name, data in files.items():
            self.files[f"targets/{_sha256(data)}.{name}"] = data
        version = self._next(Targets.type)
        targets = Targets(
            version=version, expires=self.expires[Targets.type], targets=self.targets
        )
        name = f"{version}.targets.json"
        self._put(name, targets, by or self.signers[Targets.type])
        return self.seal()

    def seal(self) -> "Publisher":
        version = self._next(Snapshot.type)
        pinned = self._pinned(Targets.type)
        snapshot = Snapshot(
            version=version,
            expires=self.expires[Snapshot.type],
            meta={"targets.json": pinned},
        )
        self._put(f"{version}.snapshot.json", snapshot, self.signers[Snapshot.type])
        stamp = Timestamp(
            version=self._next(Timestamp.type),
            expires=self.expires[Timestamp.type],
            snapshot_meta=self._pinned(Snapshot.type),
        )
        self._put("timestamp.json", stamp, self.signers[Timestamp.type])
        return self

    def target_name(self, name: str) -> str:
        return f"targets/{self.targets[name].hashes['sha256']}.{name}"

    def write(self, folder: Path) -> Path:
        """Write the stick as a folder."""
        for name, data in self.files.items():
            path = folder / "LEUKOSCOPE-UPDATE" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return folder

    def _next(self, role: str) -> int:
        self.versions[role] += 1
        return self.versions[role]

    def _pinned(self, role: str) -> MetaFile:
        version = self.versions[role]
        data = self.files[f"metadata/{version}.{role}.json"]
        return MetaFile.from_data(version, data, ["sha256"])

    def _put(self, name: str, signed: Any, signers: list[CryptoSigner]) -> None:
        metadata = Metadata(signed)
        for signer in signers:
            metadata.sign(signer, append=True)
        self.files[f"metadata/{name}"] = metadata.to_bytes(COMPACT)

    def _everyone(self) -> list[CryptoSigner]:
        return [s for signers in self.signers.values() for s in signers]


def _signers(n: int) -> list[CryptoSigner]:
    return [CryptoSigner.generate_ed25519() for _ in range(n)]


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def bundle_bytes(bundle_folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in bundle_folder.iterdir()}


@pytest.fixture
def publisher(bundle_bytes: dict[str, bytes]) -> Publisher:
    return Publisher(bundle_bytes)


class Recorder:
    """Remembers the steps that a device told."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def __call__(self, step: Step, n_bytes: int) -> None:
        if n_bytes == 0:
            self.steps.append(step)


def accept_where_nothing_is_compared(shadow: Shadow) -> str | None:
    """Be a supervisor who knows that the device is new, and accepts no change."""
    is_new = shadow.n_cells == 0 and not shadow.why_not
    return "a supervisor" if is_new else None


@pytest.fixture
def make_device(tmp_path: Path, publisher: Publisher) -> MakeDevice:
    """Return a function that makes a device which trusts the publisher."""

    def make(data: Path = tmp_path / "data", **parts: Any) -> UpdateContext:
        root = tmp_path / "given-root.json"
        if not root.exists():
            root.write_bytes(publisher.files["metadata/1.root.json"])
        trust_root(data, root)
        passes = {
            "try_model": lambda folder: None,
            "now": lambda: NOW,
            "accept": accept_where_nothing_is_compared,
        }
        return UpdateContext(data=data, **(passes | parts))

    return make


@pytest.fixture
def device(make_device: MakeDevice) -> UpdateContext:
    return make_device()
