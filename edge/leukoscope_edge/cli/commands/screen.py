"""`leukoscope screen SOURCE`: one slide, or one set of fields, to a result."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence

import cv2

from leukoscope_edge.archive import is_archive
from leukoscope_edge.capture import (
    Camera,
    domain_of,
    is_camera,
    is_sequence,
    is_simulated,
    open_source,
    with_calibration,
)
from leukoscope_edge.cli.arguments import label, path, whole, word
from leukoscope_edge.cli.commands import archive
from leukoscope_edge.cli.data import add_by, add_data
from leukoscope_edge.cli.effect import require_clear, require_effect
from leukoscope_edge.cli.facts import add_facts, facts_of
from leukoscope_edge.cli.help import add_command
from leukoscope_edge.cli.output import say
from leukoscope_edge.cli.scale import parse_scale
from leukoscope_edge.cli.site import site_of
from leukoscope_edge.config import read_toml
from leukoscope_edge.counting import SiteBackground
from leukoscope_edge.durable import alone_in, prepare_folder
from leukoscope_edge.errors import SourceError, UsageError, in_one_sentence
from leukoscope_edge.i18n import SOURCE_LANGUAGE, language_codes, languages
from leukoscope_edge.inference import (
    ACCELERATED,
    Bundle,
    open_bundle,
    open_engine,
    segmentation_named,
    shipped_bundle_for,
)
from leukoscope_edge.messages import in_english
from leukoscope_edge.names import shown
from leukoscope_edge.profile import open_profile
from leukoscope_edge.records import hashed, keep_screening, open_store
from leukoscope_edge.records.exports import (
    RESULT_FILES,
    make_result_files,
    result_bytes,
    table_text,
    write_files,
)
from leukoscope_edge.screening import screen
from leukoscope_edge.screening_result import Screening
from leukoscope_edge.service import share_arenas
from leukoscope_edge.types import THRESHOLDS
from leukoscope_edge.updates import UpdateContext, active_bundle, banners, watched
from leukoscope_edge.vision.scale import Calibration

MAX_THREADS, MAX_FRAMES = 64, 10_000_000
MAX_SAMPLE = 64
"""Letters of a sample's label, as the page takes."""
MAX_NAMED = 20
"""Lines about images that could not be read: a grey video has thousands."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "screen",
        "Finds every white cell, counts each once, says which look like blasts.\n"
        "Without a scale and the type of sample cells are listed, nothing is said.",
        (
            "leukoscope screen FIELDS --um-per-px 0.08 --sample-type blood --out here",
            "leukoscope screen SLIDE.mp4 --calibration 100x.toml --sample-type marrow",
            "leukoscope screen simulated:cells=100,blasts=0.1",
            "leukoscope screen ARCHIVE --um-per-px 0.08 --sample-type blood --out all",
        ),
    )
    parser.set_defaults(run=_screen)
    parser.add_argument(
        "source",
        type=word,
        help="a folder of images, a folder of such folders, an image, a video, "
        "camera[:DEVICE or FILE.toml], or simulated[:key=value,...]",
    )
    _add_result_options(parser.add_argument_group("results"))
    _add_source_options(parser.add_argument_group("the source"))
    _add_judging_options(
        parser.add_argument_group("what is said of the slide, and how it is judged")
    )
    _add_engine_options(parser.add_argument_group("how it is computed"))
    _add_record_options(parser.add_argument_group("records"))
    archive.add_options(parser)


def _add_result_options(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--out", type=path, help="write report.html, cells.csv and result.json here"
    )
    parser.add_argument(
        "--language",
        choices=language_codes(),
        default=SOURCE_LANGUAGE,
        help="of report.html",
    )
    parser.add_argument(
        "--json", action="store_true", help="print the result as one JSON object"
    )


def _add_source_options(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--sequence",
        action="store_true",
        help="the images of the folder are frames of one hand-moved slide",
    )
    parser.add_argument(
        "--um-per-px",
        type=parse_scale,
        help="calibrated micrometres per pixel of stored images",
    )
    parser.add_argument(
        "--calibration",
        type=path,
        help="file of `leukoscope calibrate`: scale and flat field of the frames",
    )
    parser.add_argument(
        "--frames",
        type=whole(1, MAX_FRAMES),
        help="how many of a camera, which has no end",
    )


def _add_judging_options(parser: argparse._ActionsContainer) -> None:
    add_facts(parser)
    parser.add_argument(
        "--site",
        type=path,
        help="a TOML file with the counts of this site's own normal slides",
    )
    parser.add_argument("--bundle", type=path, help="a model bundle's folder")


def _add_engine_options(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--segmenter",
        help="how cells are found: thresholds (default), or a shipped network",
    )
    parser.add_argument(
        "--every-frame",
        action="store_false",
        dest="only_new",
        default=None,
        help="of a sequence, search every frame for cells (default: only those that "
        "show something new, or as the profile says)",
    )
    parser.add_argument(
        "--profile",
        help="find cells as this profile says (a shipped one's name or a TOML file); "
        "where its network does not serve, thresholds do, and the result says why",
    )
    parser.add_argument(
        "--backend",
        choices=tuple(ACCELERATED),
        default="auto",
        help="auto: a TensorRT where one works, else the CPU, and the result says why",
    )
    parser.add_argument(
        "--threads",
        type=whole(0, MAX_THREADS),
        default=0,
        help="how many; 0: all cores",
    )


def _add_record_options(parser: argparse._ActionsContainer) -> None:
    add_data(parser)
    parser.add_argument(
        "--keep", action="store_true", help="keep the slide in the records of --data"
    )
    add_by(parser)
    parser.add_argument(
        "--sample",
        type=label(MAX_SAMPLE),
        help="label of the sample, kept encrypted with --keep",
    )


def require_end(options: argparse.Namespace) -> None:
    """Refuse a camera that nobody told when to end.

    Raises:
        SourceError: It is one.
    """
    if is_camera(options.source) and options.frames is None:
        raise SourceError("a camera has no end: say how many frames with --frames")


def _screen(options: argparse.Namespace) -> int:
    """Screen what was named: one slide, or each of an archive's."""
    require_clear(options.source)
    has_many = is_archive(options.source)
    require_effect(options, is_archive=has_many)
    bundle = _bundle_for(options)
    require_end(options)
    options.segmenter = _segmenter(options)
    options.only_new = _only_new(options)
    if options.keep:
        open_store(options.data, may_recover=False).close()
    site = site_of(options, bundle)
    if has_many:
        return archive.run(options, bundle, site)
    _screen_one(options, bundle, site)
    return 0


def _screen_one(
    options: argparse.Namespace, bundle: Bundle, site: SiteBackground | None
) -> None:
    """Screen one slide, alone in the folder of its results."""
    if not options.out:
        _screen_slide(options, bundle, site)
        return
    prepare_folder(options.out, ())
    with alone_in(options.out):
        prepare_folder(options.out, tuple(RESULT_FILES))
        _screen_slide(options, bundle, site)


def _screen_slide(
    options: argparse.Namespace, bundle: Bundle, site: SiteBackground | None
) -> None:
    """Go from a source to results; what can be refused is, before the work."""
    camera, frame_sha256 = _open_camera(options), dict[str, str]()
    if options.keep:
        camera = hashed(camera, frame_sha256)
    screening = _walk(camera, options, bundle, site)
    _require_read(screening)
    steps: list[Callable[[], None]] = []
    if options.out:
        steps.append(lambda: _write(screening, options))
    if options.keep:
        steps.append(lambda: _keep(options, screening, bundle, site, frame_sha256))
    do_each([*steps, lambda: _print(screening, as_json=options.json)])


def do_each(steps: Sequence[Callable[[], None]]) -> None:
    """Do all; where one fails the others are done, and then the first one raises."""
    failed: list[Exception] = []
    for step in steps:
        try:
            step()
        except Exception as err:  # noqa: BLE001
            failed.append(err)
    for other in failed[1:]:
        say(in_one_sentence(other))
    if failed:
        raise failed[0]


def _print(screening: Screening, *, as_json: bool) -> None:
    text = result_bytes(screening).decode() if as_json else table_text(screening)
    print(text.rstrip("\n"))


def _walk(
    source: Camera,
    options: argparse.Namespace,
    bundle: Bundle,
    site: SiteBackground | None,
) -> Screening:
    """Take every frame down the road that `screening` shows."""
    cv2.setNumThreads(1)  # the threads go to frames, each of which is small work
    share_arenas()
    with (
        watched(UpdateContext(data=options.data), bundle.folder, bundle.card.domain),
        source as camera,
        open_engine(
            bundle,
            backend=options.backend,
            n_threads=options.threads,
            on_progress=say,
        ) as engine,
    ):
        return screen(
            camera,
            engine,
            bundle,
            source=shown(options.source),
            is_sequence=options.sequence or is_sequence(options.source),
            facts=facts_of(options),
            site=site,
            segmenter=options.segmenter,
            only_new=options.only_new,
            n_threads=options.threads or len(os.sched_getaffinity(0)),
            show_progress=sys.stderr.isatty(),
        )


def _require_read(screening: Screening) -> None:
    """Name the images that could not be read.

    Raises:
        SourceError: There is no other.
    """
    skipped = [image for image in screening.images if image.status == "skipped"]
    for image in skipped[:MAX_NAMED]:
        say(f"{image.name} {in_english(image.reason or '')}")
    if len(skipped) > MAX_NAMED:
        say(f"and {len(skipped) - MAX_NAMED} more; the results name each")
    if len(skipped) == len(screening.images):
        reasons = {in_english(image.reason or "") for image in skipped}
        why = reasons.pop() if len(reasons) == 1 else ""
        raise SourceError(
            f"{screening.source}: no image could be read; nothing written"
            + (f" (each {why})" if why and len(skipped) > 1 else "")
        )


def _write(screening: Screening, options: argparse.Namespace) -> None:
    language = languages()[options.language]
    write_files(options.out, make_result_files(screening, language))
    say(f"report: {options.out / 'report.html'}")


def _segmenter(options: argparse.Namespace) -> str:
    if options.segmenter is None and options.profile is None:
        return THRESHOLDS
    if options.segmenter is None:
        return open_profile(options.profile).segmenter
    if options.profile is not None:
        raise UsageError("--profile says how cells are found: no --segmenter with it")
    segmentation_named(options.segmenter)  # fails before the work, not in it
    return str(options.segmenter)


def _only_new(options: argparse.Namespace) -> bool:
    if options.only_new is None and options.profile is not None:
        return open_profile(options.profile).only_new
    return options.only_new is None


def _open_camera(options: argparse.Namespace) -> Camera:
    camera = open_source(
        options.source, scale_um_per_px=options.um_per_px, n_frames=options.frames
    )
    if options.calibration is None:
        return camera
    if is_simulated(options.source):
        raise UsageError("the simulated slide brings its own scale: no --calibration")
    return with_calibration(camera, read_toml(options.calibration, Calibration))


def _keep(
    options: argparse.Namespace,
    screening: Screening,
    bundle: Bundle,
    site: SiteBackground | None,
    frame_sha256: dict[str, str],
) -> None:
    with open_store(options.data, may_recover=False) as store:
        slide = keep_screening(
            store,
            screening,
            bundle.card,
            site=site,
            sample=options.sample or "",
            frame_sha256=frame_sha256,
            by=options.by,
        )
    say(f"kept as slide {slide} in {options.data}")
    for line in banners(UpdateContext(data=options.data)):  # the clock dates the slide
        say(line.said())


def _bundle_for(options: argparse.Namespace) -> Bundle:
    domain = domain_of(options.source)
    folder = options.bundle or active_bundle(options.data, domain)
    return open_bundle(folder or shipped_bundle_for(domain))
