"""What is written as TOML is what the strict reader of settings reads again."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from leukoscope_edge.config import read_toml
from leukoscope_train.toml import as_toml


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    share: float = 0.5
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    n: int = 1
    is_on: bool = False
    text: str = ""
    inner: Inner = Inner()
    other: Inner | None = None
    rows: tuple[Inner, ...] = ()


@pytest.mark.parametrize(
    "entry",
    [
        Outer(),
        Outer(n=-3, is_on=True, text='a "quoted" µm\n\\ line\x7f'),
        Outer(inner=Inner(share=1e-12, names=("a", "é"))),
        Outer(other=Inner(share=2.0)),
        Outer(rows=(Inner(), Inner(names=("x",)))),
    ],
)
def test_what_was_written_is_read_as_it_was(entry: Outer, tmp_path: Path) -> None:
    path = tmp_path / "entry.toml"
    path.write_text(as_toml(entry), encoding="utf-8")
    assert read_toml(path, Outer) == entry


def test_plain_keys_come_first_and_what_is_none_is_left_out() -> None:
    assert as_toml(Outer()) == (
        'n = 1\nis_on = false\ntext = ""\nrows = []\n'
        "\n[inner]\nshare = 0.5\nnames = []\n"
    )
