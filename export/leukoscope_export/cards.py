"""Writes a card as TOML that the device's strict reader accepts."""

import dataclasses
import json
from typing import Any

from leukoscope_edge.inference.card import Card


def card_toml(card: Card) -> str:
    """Return the card as TOML, plain keys first, then one table per nested entry."""
    return "\n".join(_lines(card, "")).strip() + "\n"


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


def _value(value: str | int | float | tuple[Any, ...]) -> str:
    match value:
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case tuple():
            return "[" + ", ".join(_value(v) for v in value) + "]"
        case _:
            return repr(value)
