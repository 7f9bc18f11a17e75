"""Writes a card as TOML that the device's strict reader accepts."""

import dataclasses
import json
from typing import Any

from leukoscope_edge.inference.card import Card


def card_toml(card: Card) -> str:
    """Return the card as TOML, plain keys first, then one table per nested entry."""
    return toml_text(card)


def toml_text(entry: Any) -> str:
    """Return any of our dataclasses as TOML that its strict reader accepts."""
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
