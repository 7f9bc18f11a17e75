"""A publisher: six people, their keys and one repository."""

import os
from pathlib import Path
from typing import Any

from leukoscope_export.__main__ import main

HOLDERS = ("ann", "ben", "cyd", "dora", "emil", "fay")

NOTES = """\
epoch = {epoch}
sequence = {sequence}
issued = "2026-12-01"
review_by = "2099-01-01"
min_software = "0.1"
max_software = "9"
machines = ["{machine}"]
revokes = {revokes}
supersedes = "simulated-0"
git_commit = "0123abc"
note = "Knows smudges better."
"""


class Publisher:
    """Six people, a folder each, and one repository."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.repo = folder, folder / "repo"
        self.secret = folder / "passphrase"
        self.secret.write_text("a long enough passphrase\n")
        for name in HOLDERS:
            assert self.key(name) == 0

    def key(self, name: str) -> int:
        return self.run("key", name, "--out", self.folder, secret=True)

    def run(self, *words: Any, secret: bool = False) -> int:
        extra = ["--passphrase-file", self.secret] if secret else []
        return main(["publish", *map(str, (*words, *extra))])

    def root(self, *holders: str) -> int:
        public = [self.folder / f"{name}.pub.json" for name in holders]
        return self.run(
            "root",
            *("--repo", self.repo),
            *("--root", *public[:3]),
            *("--targets", *public[3:5]),
            *("--release", public[5]),
        )

    def sign(self, file: str, *names: str) -> None:
        for name in names:
            path = self.repo / "metadata" / file
            key = self.folder / f"{name}.key"
            assert self.run("sign", path, "--key", key, secret=True) == 0

    def release(self, bundle: Path, sequence: int, epoch: int = 0, **more: str) -> int:
        notes = self.folder / "notes.toml"
        values = {"revokes": "[]", "machine": os.uname().machine} | more
        notes.write_text(NOTES.format(epoch=epoch, sequence=sequence, **values))
        return self.run("release", bundle, "--repo", self.repo, "--notes", notes)

    def seal(self, name: str = "fay") -> int:
        key = self.folder / f"{name}.key"
        return self.run("seal", "--repo", self.repo, "--key", key, secret=True)

    def stick(self, name: str) -> Path:
        out = self.folder / name
        assert self.run("stick", "--repo", self.repo, "--out", out) == 0
        return out


def published(publisher: Publisher, bundle: Path) -> Path:
    """Sign for the first time and return the stick."""
    assert publisher.root(*HOLDERS) == 0
    publisher.sign("1.root.json", "ann", "cyd")
    assert publisher.release(bundle, 1) == 0
    publisher.sign("1.targets.json", "dora", "emil")
    assert publisher.seal() == 0
    return publisher.stick("stick-1")
