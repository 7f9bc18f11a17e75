"""`leukoscope screen FOLDER` where the folder holds many slides."""

import argparse
import json
import os
import sys
from collections.abc import Generator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from leukoscope_edge.archive import (
    ArchiveRow,
    SlideDone,
    SlideTask,
    find_empty,
    find_links,
    find_packed,
    find_slides,
    is_done,
    keep,
    strays,
    summary,
    summary_csv_bytes,
    unread_strays,
)
from leukoscope_edge.archive_workers import run_on_cores, run_on_dask
from leukoscope_edge.cli.archive_index import FIELDS, INDEX, write_index
from leukoscope_edge.cli.arguments import whole
from leukoscope_edge.cli.facts import facts_of
from leukoscope_edge.cli.output import say
from leukoscope_edge.config import read_toml
from leukoscope_edge.counting import SiteBackground
from leukoscope_edge.durable import alone_in, prepare_folder, write_whole
from leukoscope_edge.errors import UsageError
from leukoscope_edge.i18n import languages
from leukoscope_edge.inference import Bundle
from leukoscope_edge.names import on_terminal, shown
from leukoscope_edge.vision.scale import Calibration

TABLE = "slides.csv"
MAX_JOBS = 1024


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only a folder of many slides needs."""
    group = parser.add_argument_group(
        "many slides", "where SOURCE is a folder of folders, one slide each"
    )
    group.add_argument(
        "--jobs",
        type=whole(1, MAX_JOBS),
        help="slides at the same time; default: one a core",
    )
    group.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="screen on the Dask cluster of this scheduler, e.g. tcp://host:8786",
    )


def run(
    options: argparse.Namespace, bundle: Bundle, site: SiteBackground | None
) -> int:
    """Screen every slide that is not done yet, and write the table of all.

    Raises:
        LeukoscopeError: There is nowhere to write, or no way to run.
    """
    _require_possible(options)
    out = options.out
    tasks = _tasks(options, bundle, site)
    source = Path(options.source)
    for stray in (*strays(source), *unread_strays(source)):
        say(f"{shown(stray.name)} lies above the slides and is not screened")
    for folder in find_empty(source, out):
        say(f"{shown(folder.name)} is an empty folder: was it copied whole?")
    for folder in find_packed(source, out):
        say(f"{shown(folder.name)} holds a packed file alone: unpack its slides")
    for link in find_links(source, out):
        say(f"{shown(link.name)} is a link and is not followed: copy its folder here")
    prepare_folder(out, (TABLE, INDEX))
    with alone_in(out):
        rows = _go_on(tasks, out, options)
        language = languages()[options.language]
        write_whole(out / TABLE, summary_csv_bytes(rows))
        say(f"table: {out / TABLE}")
        say(f"page: {write_index(tasks, rows, out, bundle.card.limits, language)}")
    _print(rows, as_json=options.json)
    return int(any(row.result == "failed" for row in rows))


def _go_on(
    tasks: list[SlideTask], out: Path, options: argparse.Namespace
) -> list[ArchiveRow]:
    """Screen what is not done yet; return a row a slide."""
    left = [t for t in tasks if not is_done(t, out)]
    say(f"{len(tasks)} slides, {len(tasks) - len(left)} of them done before")
    try:
        troubles = _screen_all(left, out, options)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            "stopped; finished slides are kept, the same command goes on with the rest"
        ) from None
    return summary(tasks, out, troubles)


def _require_possible(options: argparse.Namespace) -> None:
    if options.out is None:
        raise UsageError(f"{options.source} holds many slides: give --out FOLDER")
    if options.keep:
        raise UsageError("--keep keeps one slide, not an archive: screen it alone")
    if options.backend not in ("auto", "cpu"):
        raise UsageError("an archive is screened by the CPU, for the same bytes")
    _require_apart(Path(options.source), options.out)


def _require_apart(archive: Path, out: Path) -> None:
    """Let no folder of results hold slides: what lies in it is not screened.

    Raises:
        UsageError: It does.
    """
    slides = {p for p in find_slides(archive) if p.name != FIELDS}  # of earlier results
    hidden = sorted(slides - set(find_slides(archive, out)))
    if hidden:
        raise UsageError(
            f"--out holds {len(hidden)} of the slides, {shown(hidden[0].name)} among "
            "them: give a folder of its own"
        )


def _tasks(
    options: argparse.Namespace, bundle: Bundle, site: SiteBackground | None
) -> list[SlideTask]:
    archive = Path(options.source)
    calibration = None
    if options.calibration:
        calibration = read_toml(options.calibration, Calibration)
    facts = facts_of(options)
    return [
        SlideTask(
            name=folder.relative_to(archive).as_posix(),
            folder=folder.absolute(),
            bundle=bundle.folder.absolute(),
            model_sha256=bundle.card.model_cpu.sha256,
            scale_um_per_px=options.um_per_px,
            calibration=calibration,
            is_sequence=options.sequence,
            facts=facts,
            site=site,
            segmenter=options.segmenter,
            only_new=options.only_new,
            language=options.language,
        )
        for folder in find_slides(archive, options.out)
    ]


def _screen_all(
    tasks: list[SlideTask], out: Path, options: argparse.Namespace
) -> dict[str, str]:
    """Screen slides and keep the results; return why there are none, by slide."""
    troubles = {}
    with closing(_screened(tasks, options)) as slides:  # so that workers end, too
        for done in tqdm(
            slides, total=len(tasks), disable=not sys.stderr.isatty(), unit="slide"
        ):
            keep(done, out)
            if done.trouble:
                troubles[done.task.name] = done.trouble
                say(f"{shown(done.task.name)}: {done.trouble}")
    return troubles


def _screened(
    tasks: list[SlideTask], options: argparse.Namespace
) -> Generator[SlideDone, None, None]:
    if options.dask:
        return run_on_dask(tasks, options.dask)
    return run_on_cores(tasks, options.jobs or os.cpu_count() or 1)


def _print(rows: list[ArchiveRow], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([asdict(row) for row in rows], indent=1, ensure_ascii=False))
    else:
        for row in rows:
            print(f"{on_terminal(row.slide)}: {row.sentence}")
