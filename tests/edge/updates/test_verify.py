"""Two signed words on one file: the manifest's and the metadata's must be the same."""

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from leukoscope_edge.errors import UpdateError
from leukoscope_edge.updates import FileFact
from leukoscope_edge.updates.verify import Verifier, check_root

HASH = "a" * 64


@dataclass
class SignedOnce:
    """An updater whose metadata know one file of three bytes."""

    n_downloads: int = 0

    def get_targetinfo(self, name: str) -> Any:
        return SimpleNamespace(length=3, hashes={"sha256": HASH})

    def download_target(self, info: Any, path: str) -> None:
        self.n_downloads += 1


@pytest.mark.parametrize(
    ("size_bytes", "sha256", "is_taken"),
    [(3, HASH, True), (3, "b" * 64, False), (4, HASH, False)],
)
def test_a_file_is_read_only_where_both_words_agree(
    tmp_path: Path, size_bytes: int, sha256: str, is_taken: bool
) -> None:
    updater = SignedOnce()
    fetcher = SimpleNamespace(name="model", was_short=False)
    verifier = Verifier(updater, fetcher, tmp_path)  # type: ignore[arg-type]
    fact = FileFact(name="model.cpu.onnx", size_bytes=size_bytes, sha256=sha256)
    if is_taken:
        verifier.copy(fact, tmp_path)
    else:
        with pytest.raises(UpdateError, match="two signed words"):
            verifier.copy(fact, tmp_path)
    assert updater.n_downloads == int(is_taken)


@pytest.mark.parametrize("known", [None, SimpleNamespace(length=3, hashes={})])
def test_what_was_not_signed_with_its_hash_is_not_read(
    tmp_path: Path, known: Any
) -> None:
    updater = SignedOnce()
    updater.get_targetinfo = lambda name: known  # type: ignore[method-assign]
    fetcher = SimpleNamespace(name="model", was_short=False)
    verifier = Verifier(updater, fetcher, tmp_path)  # type: ignore[arg-type]
    fact = FileFact(name="model.cpu.onnx", size_bytes=3, sha256=HASH)
    with pytest.raises(UpdateError, match=r"U04.*not among what was signed"):
        verifier.copy(fact, tmp_path)
    assert updater.n_downloads == 0


@pytest.mark.parametrize(("max_bytes", "is_read"), [(3, True), (2, False)])
def test_a_short_file_is_read_up_to_its_limit(
    tmp_path: Path, max_bytes: int, is_read: bool
) -> None:
    (tmp_path / "short").write_bytes(b"abc")
    updater = SignedOnce()
    fetcher = SimpleNamespace(name="short", was_short=False)
    verifier = Verifier(updater, fetcher, tmp_path)  # type: ignore[arg-type]
    if is_read:
        assert verifier.read("short", tmp_path, max_bytes) == b"abc"
    else:
        with pytest.raises(UpdateError, match=r"U10.*short: 3 bytes"):
            verifier.read("short", tmp_path, max_bytes)
    assert updater.n_downloads == int(is_read)


def test_a_root_is_signed_by_its_own_keys_or_is_none(publisher: Any) -> None:
    publisher.root()
    whole = publisher.files["metadata/2.root.json"]
    assert check_root(whole) == 2
    publisher.root(by=publisher.signers["root"][:1])
    for other in (publisher.files["metadata/3.root.json"], whole[:-1], b""):
        with pytest.raises(UpdateError, match="U04"):
            check_root(other)
