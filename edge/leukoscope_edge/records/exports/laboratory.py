"""Whose laboratory this is, for the head of paper: a file of the site, or nothing."""

from dataclasses import dataclass
from pathlib import Path

from leukoscope_edge.config import read_toml

LABORATORY_NAME = "laboratory.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Laboratory:
    """What stands at the head of a report.

    Attributes:
        name: Of the laboratory.
        address: On one line.
        phone: Whom to call about a result; "" where the site leaves it out.
        send_what: What is sent on the day on which blasts were found; "" as the
            sentence of the result says.
        send_to: To whom, and how; "" likewise.
    """

    name: str
    address: str = ""
    phone: str = ""
    send_what: str = ""
    send_to: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """What is printed, a line each."""
        return tuple(filter(None, (self.name, self.address, self.phone)))


def open_laboratory(folder: Path) -> Laboratory | None:
    """Return what the site says of itself, None where it says nothing.

    Args:
        folder: Of the records.

    Raises:
        ConfigError: Its file cannot be read.
    """
    path = folder / LABORATORY_NAME
    return read_toml(path, Laboratory) if path.exists() else None
