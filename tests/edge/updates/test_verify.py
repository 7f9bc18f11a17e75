"""Two signed words on one file: the manifest's and the metadata's must be the same."""

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from leukoscope_edge.errors import UpdateError
from leukoscope_edge.updates.manifest import FileFact
from leukoscope_edge.updates.verify import Verifier

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
