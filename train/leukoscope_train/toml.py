"""Writes a frozen dataclass as TOML that the strict reader of settings accepts."""

import dataclasses
import json
from typing import Any


def as_toml(entry: Any) -> str:
    """Return a dataclass as TOML: plain keys first, then a table per nested entry.

    A nested entry that is None is left out; its key needs a default to be read again.
    """
    return "\n".join(_lines(entry, "")).strip() + "\n"


def _lines(entry: Any, path: str) -> list[str]:
    plain, tables = [], []
    for item in dataclasses.fields(entry):
        value = getattr(entry, item.name)
        if dataclasses.is_dataclass(value):
            inner = f"{path}.{item.name}" if path else item.name
            tables += ["", f"[{inner}]", *_lines(value, inner)]
        elif value is not None:
            plain.append(f"{item.name} = {_value(value)}")
    return plain + tables


def _value(value: Any) -> str:
    if dataclasses.is_dataclass(value):
        names = (f.name for f in dataclasses.fields(value))
        inside = (f"{n} = {_value(getattr(value, n))}" for n in names)
        return "{ " + ", ".join(inside) + " }"
    match value:
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case tuple():
            return "[" + ", ".join(_value(v) for v in value) + "]"
        case _:
            return repr(value)
