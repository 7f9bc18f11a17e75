"""A table of cells as a laboratory writes it."""

from pathlib import Path


def write_table(folder: Path, *rows: str) -> Path:
    table = folder / "cells.csv"
    table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return table
