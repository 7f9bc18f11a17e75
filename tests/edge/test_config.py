from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leukoscope_edge.config import MAX_TOML_BYTES, parse_toml, read_toml
from leukoscope_edge.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    side_px: int

    def __post_init__(self) -> None:
        if self.side_px <= 0:
            raise ValueError(f"'side_px' must be positive, got {self.side_px}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    name: str
    scale: float
    mode: Literal["fast", "slow"]
    inner: Inner
    gains: tuple[float, ...] = ()
    limit: int | None = None


GOOD = 'name = "a"\nscale = 2\nmode = "fast"\n[inner]\nside_px = 3\n'


def parse(text: str) -> Outer:
    return parse_toml(text.encode(), Outer, where="x.toml")


def test_reads_nested_tables_and_widens_whole_numbers_to_floats() -> None:
    assert parse(GOOD) == Outer(
        name="a", scale=2.0, mode="fast", inner=Inner(side_px=3)
    )
    assert isinstance(parse(GOOD).scale, float)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\n" + GOOD, "x.toml: unknown key 'x'"),
        (GOOD + "y = 1\n", "x.toml: unknown key 'inner.y'"),
        (GOOD.replace('name = "a"\n', ""), "x.toml: missing key 'name'"),
        (GOOD.replace("side_px = 3\n", ""), "x.toml: missing key 'inner.side_px'"),
        (GOOD.replace('"a"', "1"), "'name' must be str, got 1"),
        (GOOD.replace("= 3", "= true"), "'inner.side_px' must be int, got True"),
        (GOOD.replace("= 2", '= "2"'), "'scale' must be float, got '2'"),
        (GOOD.replace('"fast"', '"x"'), "'mode' must be one of 'fast', 'slow'"),
        (GOOD.replace("= 3", "= 0"), "'side_px' must be positive, got 0"),
        ("gains = 1\n" + GOOD, "'gains' must be a list"),
        ('gains = [1, "b"]\n' + GOOD, r"'gains\[1\]' must be float, got 'b'"),
        ("inner = 3\n" + GOOD.split("[")[0], "'inner' must be a table"),
        ("not toml", "x.toml: is not TOML"),
    ],
)
def test_refuses_by_name(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse(text)


def test_optional_entries_may_be_given() -> None:
    outer = parse("gains = [1, 2.5]\nlimit = 4\n" + GOOD)
    assert (outer.gains, outer.limit) == ((1.0, 2.5), 4)


def test_refuses_a_huge_file_before_parsing_it() -> None:
    with pytest.raises(ConfigError, match="expected at most"):
        parse_toml(b"#" * (MAX_TOML_BYTES + 1), Outer, where="x.toml")


def test_a_byte_order_mark_is_passed_over() -> None:
    text = b'\xef\xbb\xbfname = "x"\n'
    assert parse_toml(text, Named, where="x.toml") == Named(name="x")


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone.toml: cannot be read"):
        read_toml(tmp_path / "gone.toml", Outer)


@given(st.binary(max_size=300))
def test_any_bytes_parse_or_are_refused_in_our_own_words(data: bytes) -> None:
    with pytest.raises(ConfigError):
        parse_toml(data, Outer, where="x.toml")
