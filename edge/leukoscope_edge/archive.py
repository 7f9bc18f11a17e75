"""Many stored slides in one run: a folder of folders, one slide each.

Each slide is screened as `leukoscope screen` screens one, by one thread on the CPU, so
that the same files come out of one core, all cores or many machines. A run that was
stopped goes on where it was: a slide is done when a stamp of what it was made from and
with lies beside its results.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import cv2

from leukoscope_edge import __version__
from leukoscope_edge.capture import Camera, with_calibration
from leukoscope_edge.capture.stored import (
    ImageReplay,
    is_image,
    is_packed,
    is_system,
    is_unread,
    list_images,
)
from leukoscope_edge.counting import SiteBackground
from leukoscope_edge.durable import prepare_folder
from leukoscope_edge.errors import BundleError, LeukoscopeError, SourceError
from leukoscope_edge.i18n import SOURCE_LANGUAGE, languages
from leukoscope_edge.inference import open_bundle, open_engine
from leukoscope_edge.log import passed_over
from leukoscope_edge.names import shown
from leukoscope_edge.records.exports import (
    RESULT_FILES,
    csv_bytes,
    make_result_files,
    write_files,
)
from leukoscope_edge.sample import SlideFacts
from leukoscope_edge.screening import screen
from leukoscope_edge.screening_result import Screening
from leukoscope_edge.types import THRESHOLDS
from leukoscope_edge.vision.scale import Calibration

STAMP = "made-from.json"
"""Beside a slide's results: what they were made from and with. Written last."""
LEFT_BY_SYSTEMS = frozenset({"thumbs.db", "desktop.ini"})
"""In small letters: by Windows, beside hidden files."""
MAX_STRAYS = 3
"""So many images above slide folders are an overview or a label; more are fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideTask:
    """One slide to screen.

    Attributes:
        name: Its folder's path below the archive; recorded as its source, so that
            results do not depend on where the archive is mounted.
        folder: The folder of its images.
        bundle: The model bundle's folder.
        model_sha256: Of the model; a machine that has another must not take part.
        scale_um_per_px: What a pixel measures, None where unknown.
        calibration: Scale and flat field of the images; None where there is none. Its
            scale then counts.
        is_sequence: The images are frames of one hand-moved slide.
        facts: What is said of all slides: what was smeared, whose, how it was read.
        site: The site's own normal slides; None takes the bundle's background.
        segmenter: How cells are found: "thresholds", or a shipped network.
        only_new: Of a sequence: frames are searched only where they show what is new.
        language: Of the report for people; what programs read is the same in any.
    """

    name: str
    folder: Path
    bundle: Path
    model_sha256: str
    scale_um_per_px: float | None
    is_sequence: bool
    facts: SlideFacts
    site: SiteBackground | None = None
    calibration: Calibration | None = None
    segmenter: str = THRESHOLDS
    only_new: bool = False
    language: str = SOURCE_LANGUAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideDone:
    """What became of one slide.

    Attributes:
        task: The slide.
        files: The results by name, the stamp last; empty where there are none.
        trouble: Why there are none, "" where there are.
    """

    task: SlideTask
    files: dict[str, bytes]
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveRow:
    """One slide in the table of the whole archive.

    Without a result no blasts are None, never 0, which would read as a negative.
    """

    slide: str
    result: str
    n_cells: int = 0
    n_blast: int | None = None
    n_unclear: int = 0
    n_images: int = 0
    n_screened: int = 0
    sentence: str = ""


def is_archive(source: str) -> bool:
    """Say whether a source is a folder of folders rather than of images."""
    folder = Path(source)
    if not folder.is_dir() or len(strays(folder)) > MAX_STRAYS:
        return False
    return any(map(_has_images, _folders(folder)))


def strays(archive: Path) -> list[Path]:
    """Return the images that lie in a folder itself; above slides they are strays."""
    return sorted(p for p in archive.iterdir() if is_image(p))


def unread_strays(archive: Path) -> list[Path]:
    """Return what else may hold a slide and lies above them: videos, packed folders."""
    return sorted(p for p in archive.iterdir() if is_unread(p))


def find_slides(archive: Path, out: Path | None = None) -> list[Path]:
    """Return every folder below one that holds images, in the order of their paths.

    Images of a kind that is not read make a slide too: one that fails, by its name. A
    packed file alone does not, see `find_packed`.
    Hidden folders and those of systems are passed over. Symbolic links are not
    followed: one could lead round in a circle. Results may lie in the archive itself,
    and their pictures are no slides.

    Args:
        archive: Where to look.
        out: The folder of results.

    Raises:
        SourceError: A folder cannot be read; a slide must not be lost silently.
    """
    return [p for p in _folders(archive, out) if _is_slide(p)]


def find_packed(archive: Path, out: Path | None = None) -> list[Path]:
    """Return the folders that hold a packed file, which may hold a slide, and no image.

    Args:
        archive: Where to look.
        out: The folder of results.
    """
    others = (p for p in _folders(archive, out) if not _is_slide(p))
    return [p for p in others if any(map(is_packed, p.iterdir()))]


def find_empty(archive: Path, out: Path | None = None) -> list[Path]:
    """Return the folders with nothing in them but what systems leave.

    Their images may have been lost in copying.

    Args:
        archive: Where to look.
        out: The folder of results.
    """
    return [p for p in _folders(archive, out) if all(map(_is_left, p.iterdir()))]


def find_links(archive: Path, out: Path | None = None) -> list[Path]:
    """Return the links to folders of images elsewhere: no slides, see `find_slides`.

    Args:
        archive: Where to look.
        out: The folder of results.
    """
    linked = (p for p in _every_folder(archive, out) if p.is_symlink())
    elsewhere = (p for p in linked if not _is_inside(p, archive.resolve()))
    return [p for p in elsewhere if _has_images(p) or any(map(is_unread, p.iterdir()))]


def _folders(archive: Path, out: Path | None = None) -> list[Path]:
    return [p for p in _every_folder(archive, out) if not p.is_symlink()]


def _every_folder(archive: Path, out: Path | None) -> list[Path]:
    """Return every folder below one, and every link to a folder, which ends there."""
    apart, found = out.resolve() if out else None, []
    for root, below, _ in os.walk(archive, onerror=_stop):
        below[:] = [name for name in below if not is_system(Path(name))]
        found += [Path(root, name) for name in below]
    return sorted(p for p in found if not _is_inside(p, apart))


def _is_inside(folder: Path, apart: Path | None) -> bool:
    return apart is not None and folder.resolve().is_relative_to(apart)


def screen_slide(task: SlideTask) -> SlideDone:
    """Screen one slide; a failure becomes its `trouble`, for the others go on."""
    cv2.setNumThreads(1)
    try:
        stamp = stamp_bytes(task)
        screening = _screening(task)
    except LeukoscopeError as err:
        return SlideDone(task=task, files={}, trouble=str(err))
    if all(image.status == "skipped" for image in screening.images):
        return SlideDone(task=task, files={}, trouble="no image could be read")
    files = make_result_files(screening, languages()[task.language])
    return SlideDone(task=task, files={**files, STAMP: stamp})


def stamp_bytes(task: SlideTask) -> bytes:
    """Return what a slide's results are made from and with, as JSON.

    An image that was replaced under its name has another size or time.

    Raises:
        SourceError: The images cannot be read.
    """
    stamp = {
        "software": __version__,
        "model": task.model_sha256,
        "scale_um_per_px": task.scale_um_per_px,
        "sequence": task.is_sequence,
        "facts": asdict(task.facts),
        "site": asdict(task.site) if task.site else None,
        "calibration": asdict(task.calibration) if task.calibration else None,
        "segmenter": task.segmenter,
        "only_new": task.is_sequence and task.only_new,
        "language": task.language,
        "images": [_made_from(path) for path in list_images(task.folder)],
    }
    return json.dumps(stamp, indent=1).encode()


def _made_from(path: Path) -> list[str | int]:
    """Return an image's name, size and time; a link that leads nowhere has none."""
    try:
        found = path.stat()
    except OSError:
        return [shown(path.name)]
    return [shown(path.name), found.st_size, found.st_mtime_ns]


def is_done(task: SlideTask, out: Path) -> bool:
    """Say whether a slide's results are there, made from these very images."""
    try:
        return (out / task.name / STAMP).read_bytes() == stamp_bytes(task)
    except OSError:
        return False
    except SourceError as err:
        passed_over(err, doing="looking whether a slide is done")
        return False


def keep(done: SlideDone, out: Path) -> None:
    """Write a slide's results; where there are none, take older ones away.

    Raises:
        OutputError: They cannot be written.
    """
    folder = out / done.task.name
    prepare_folder(folder, (STAMP, *RESULT_FILES))
    write_files(folder, done.files)


def summary(
    tasks: Sequence[SlideTask], out: Path, troubles: Mapping[str, str]
) -> list[ArchiveRow]:
    """Return one row a slide, in the order of the slides, from what was written.

    Args:
        tasks: The slides.
        out: Where their results lie.
        troubles: Why there are none, by the slide's name.
    """
    return [_row(t, out, troubles.get(t.name, "see the messages")) for t in tasks]


def summary_csv_bytes(rows: Sequence[ArchiveRow]) -> bytes:
    """Return the table of an archive as CSV."""
    keys = [f.name for f in fields(ArchiveRow)]
    return csv_bytes(keys, [tuple(asdict(row).values()) for row in rows])


def _screening(task: SlideTask) -> Screening:
    bundle = open_bundle(task.bundle)
    if bundle.card.model_cpu.sha256 != task.model_sha256:
        raise BundleError(f"{task.bundle}: another model than where the run began")
    images: Camera = ImageReplay(
        list_images(task.folder),
        task.scale_um_per_px,
        folder=task.folder,
        has_folders=False,
    )
    if task.calibration is not None:
        images = with_calibration(images, task.calibration)
    with images, open_engine(bundle, backend="cpu", n_threads=1) as engine:
        return screen(
            images,
            engine,
            bundle,
            source=shown(task.name),
            is_sequence=task.is_sequence,
            facts=task.facts,
            site=task.site,
            segmenter=task.segmenter,
            only_new=task.only_new,
        )


def _row(task: SlideTask, out: Path, trouble: str) -> ArchiveRow:
    name = shown(task.name)
    try:
        result: dict[str, Any] = json.loads(
            (out / task.name / "result.json").read_bytes()
        )
    except OSError:
        return ArchiveRow(slide=name, result="failed", sentence=trouble)
    count, images = result["count"], result["images"]
    has_result = "blast_fraction_95" in count
    return ArchiveRow(
        slide=name,
        result=count["result"],
        n_cells=count["n_cells"],
        n_blast=count["n_blast"] if has_result else count["n_blast"] or None,
        n_unclear=count["n_unclear"],
        n_images=len(images),
        n_screened=sum(i["status"] == "screened" for i in images),
        sentence=result["verdict"],
    )


def _has_images(folder: Path) -> bool:
    return any(is_image(p) for p in folder.iterdir())


def _is_left(path: Path) -> bool:
    return path.name.startswith(".") or path.name.lower() in LEFT_BY_SYSTEMS


def _is_slide(folder: Path) -> bool:
    return any(
        is_image(p) or (is_unread(p) and not is_packed(p)) for p in folder.iterdir()
    )


def _stop(error: OSError) -> None:
    raise SourceError(f"{error.filename}: cannot be read: {error.strerror}")
