"""The only reader of settings: TOML into frozen dataclasses, strictly.

Unknown and missing keys are refused by name, and so is a value of the wrong type.
What a value may be (ranges, choices) each dataclass checks when it is constructed.
"""

import dataclasses
import math
import sys
import types
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from leukoscope_edge.durable import read_plain
from leukoscope_edge.errors import ConfigError, LeukoscopeError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

T = TypeVar("T")

MAX_TOML_BYTES = 1 << 20
"""No settings file of ours comes near 1 MiB; a larger one is a mistake or an attack."""


def read_toml(
    path: Path,
    kind: type[T] | tuple[type[T], ...],
    *,
    error: type[LeukoscopeError] = ConfigError,
) -> T:
    """Read a TOML file into a dataclass.

    Args:
        path: The file.
        kind: A dataclass; nested dataclasses are TOML tables. Of several the file
            names one: each has a field `kind` of one literal.
        error: The exception to raise, a LeukoscopeError.

    Raises:
        LeukoscopeError: Of the given type, where the file cannot be read, is not
            TOML, or has an unknown, missing or impossible entry.
    """
    try:
        data = read_plain(path, MAX_TOML_BYTES + 1)
    except OSError as err:
        raise error(f"{path}: cannot be read: {err.strerror}") from err
    return parse_toml(data, kind, where=path.name, error=error)


def parse_toml(
    data: bytes,
    kind: type[T] | tuple[type[T], ...],
    *,
    where: str,
    error: type[LeukoscopeError] = ConfigError,
) -> T:
    """Parse TOML bytes into a dataclass; see `read_toml`."""
    if len(data) > MAX_TOML_BYTES:
        raise error(f"{where}: {len(data)} bytes, expected at most {MAX_TOML_BYTES}")
    try:
        table = tomllib.loads(data.decode("utf-8-sig"))  # Notepad begins with a mark
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as err:
        raise error(f"{where}: is not TOML: {err}") from err
    try:
        kinds = kind if isinstance(kind, tuple) else (kind,)
        return _build(table, _named(table, kinds, ""), "")
    except (TypeError, ValueError) as err:
        raise error(f"{where}: {err}") from err


def _named(table: dict[str, Any], kinds: Sequence[type[T]], prefix: str) -> type[T]:
    """Return the one of several dataclasses whose literal `kind` a table names."""
    if len(kinds) == 1:
        return kinds[0]
    if "kind" not in table:
        raise ValueError(f"missing key '{prefix}kind'")
    known = [typing.get_args(typing.get_type_hints(k)["kind"])[0] for k in kinds]
    if table["kind"] not in known:
        choices = ", ".join(map(repr, known))
        raise ValueError(
            f"'{prefix}kind' must be one of {choices}, got {table['kind']!r}"
        )
    return kinds[known.index(table["kind"])]


def _build(table: dict[str, Any], kind: type[T], prefix: str) -> T:
    fields = {f.name: f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    hints = typing.get_type_hints(kind)
    for key in table:
        if key not in fields:
            raise ValueError(f"unknown key '{prefix}{key}'")
    for name, item in fields.items():
        defaults = (item.default, item.default_factory)
        if name not in table and defaults == (dataclasses.MISSING,) * 2:
            raise ValueError(f"missing key '{prefix}{name}'")
    values = {k: _convert(v, hints[k], prefix + k) for k, v in table.items()}
    return kind(**values)


def _convert(value: Any, hint: Any, key: str) -> Any:
    if isinstance(hint, types.UnionType):
        kinds = [a for a in typing.get_args(hint) if a is not types.NoneType]
        if len(kinds) > 1 and isinstance(value, dict):
            kinds = [_named(value, kinds, key + ".")]
        hint = kinds[0]
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, dict):
            raise TypeError(f"'{key}' must be a table, got {value!r}")
        return _build(value, typing.cast(type[Any], hint), key + ".")
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise TypeError(f"'{key}' must be a list, got {value!r}")
        inner = typing.get_args(hint)[0]
        return tuple(_convert(v, inner, f"{key}[{i}]") for i, v in enumerate(value))
    if typing.get_origin(hint) is typing.Literal:
        if value not in typing.get_args(hint):
            choices = ", ".join(map(repr, typing.get_args(hint)))
            raise ValueError(f"'{key}' must be one of {choices}, got {value!r}")
        return value
    if hint is float and type(value) is int:
        return float(value)
    if hint is float and type(value) is float and not math.isfinite(value):
        raise ValueError(f"'{key}' must be a finite number, got {value}")
    if type(value) is not hint:
        raise TypeError(f"'{key}' must be {hint.__name__}, got {value!r}")
    return value
