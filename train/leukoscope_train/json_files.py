"""JSON files of figures: whole or not at all, and no number that JSON does not know."""

import json
import math
from pathlib import Path
from typing import Any

from leukoscope_edge.durable import write_whole
from leukoscope_train.errors import DataError


def plain(value: Any) -> Any:
    """Return a value without NaN or infinity, which JSON does not know."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


def write_json(path: Path, value: Any) -> None:
    """Write JSON, whole or not at all; what is no number becomes null."""
    text = json.dumps(plain(value), indent=1, allow_nan=False)
    write_whole(path, f"{text}\n".encode())


def read_json(path: Path) -> Any:
    """Read JSON.

    Raises:
        DataError: The file is missing or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as err:
        raise DataError(f"{path}: cannot be read: {err}; run `fit` first") from err
