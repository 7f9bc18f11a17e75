"""What leaves the device: only what a person asked for, and only whole files."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from leukoscope_edge.media import StickFile
from leukoscope_edge.messages import Say
from leukoscope_edge.records import Store
from leukoscope_edge.records.exports import FORMATS, file_of, open_version

OnStick = Callable[[str], StickFile]
"""From a file's name to the file on a stick."""


What = Annotated[str, Field(pattern=f"^({'|'.join(map(re.escape, FORMATS))})$")]
"""A file that can leave, by its suffix in the table of formats."""


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """How somebody wants a file.

    Attributes:
        identified: Whether it says whose blood it is.
        by: Who asked.
        say: From English to the language of the report.
    """

    identified: bool
    by: str
    say: Say = str


def take_file(
    store: Store, slide: str, what: What, asked: ExportRequest
) -> tuple[str, bytes]:
    """Return one file about a slide with its name, and keep that it left.

    Args:
        store: The records.
        slide: The slide.
        what: Which file.
        asked: By whom, and how.
    """
    version = open_version(store, slide, identified=asked.identified)
    name = f"leukoscope-{version.file_stem}.{what}"
    data = file_of(version, what, asked.say)
    store.log.note_export(slide, name, hashlib.sha256(data).hexdigest(), asked.by)
    return name, data


def copy_to_stick(
    store: Store,
    slide: str,
    stick: OnStick,
    whats: Iterable[What],
    asked: ExportRequest,
) -> Iterator[str]:
    """Put files about a slide on a stick and yield their places there.

    Args:
        store: The records; the export is kept there, before the file leaves.
        slide: The slide.
        stick: Begins a new file; `sticks.new_file_on` for one stick.
        whats: Which files.
        asked: By whom, and how.

    Raises:
        OutputError: It cannot be written.
    """
    for what in whats:
        name, data = take_file(store, slide, what, asked)
        with stick(name) as file:
            file.write(data)
            yield file.keep()
