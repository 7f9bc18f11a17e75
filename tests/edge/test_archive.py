"""Many stored slides: the same files from one core, two, and a Dask cluster."""

import csv
import html
import json
import os
import re
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import pytest
from tests.red_bundle import write_bundle
from tests.simulated import camera_on

from leukoscope_edge.archive import (
    STAMP,
    ArchiveRow,
    find_empty,
    find_links,
    find_packed,
    find_slides,
    is_archive,
    summary_csv_bytes,
)
from leukoscope_edge.cli import main
from leukoscope_edge.cli.archive_index import said_sentences
from leukoscope_edge.errors import SourceError
from leukoscope_edge.i18n import languages, unbroken
from leukoscope_edge.records.exports import INTENDED_USE
from leukoscope_edge.types import Frame

SLIDES = ("clinic-a/1", "clinic-a/2", "clinic-b/1")
TWO_SENTENCES = (
    "Have a person look; the model may not know this stain or this microscope."
)

Screened = Callable[..., dict[str, bytes]]
"""Screens an archive; what it writes, by name."""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("archive")
    with camera_on("simulated:seed=5,frames=12") as camera:
        for name in SLIDES:
            (root / name).mkdir(parents=True)
            for number in range(2):
                frame = camera.read()
                assert isinstance(frame, Frame)
                bgr = cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2BGR)
                assert cv2.imwrite(str(root / name / f"{number}.png"), bgr)
    return root


@pytest.fixture
def copy(archive: Path, tmp_path: Path) -> Path:
    """The archive, to be changed."""
    return shutil.copytree(archive, tmp_path / "copy")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(tmp_path_factory.mktemp("model") / "bundle")


def screen_into(out: Path, *more: str, status: int = 0) -> dict[str, bytes]:
    """Screen what is said and return every file but stamps.

    By one process where nothing else is said: each takes a second to start.
    """
    command = ["screen", *more, "--out", str(out)]
    if "--calibration" not in more:  # which brings its own scale
        command += ["--um-per-px", "0.1"]
    if not {"--jobs", "--dask"} & {*more}:
        command += ["--jobs", "1"]
    assert main(command) == status
    files = (p for p in out.rglob("*") if p.is_file() and p.name != STAMP)
    return {str(p.relative_to(out)): p.read_bytes() for p in files}


@pytest.fixture
def screened(archive: Path, bundle: Path, tmp_path: Path) -> Screened:
    """Return a function that screens the archive, or another one."""

    def run(name: str, *more: str, source: Path = archive, status: int = 0) -> dict:
        words = [str(source), "--bundle", str(bundle), *more]
        return screen_into(tmp_path / name, *words, status=status)

    return run


@pytest.fixture(scope="module")
def plain(
    archive: Path, bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    """What one process writes of the archive, without further options."""
    out = tmp_path_factory.mktemp("plain") / "out"
    return screen_into(out, str(archive), "--bundle", str(bundle))


def test_finds_every_folder_that_holds_images(archive: Path, tmp_path: Path) -> None:
    assert [str(p.relative_to(archive)) for p in find_slides(archive)] == list(SLIDES)
    assert is_archive(str(archive))
    assert not is_archive(str(archive / SLIDES[0]))
    assert not is_archive(str(tmp_path))
    assert not is_archive(str(tmp_path / "gone"))
    (archive / "clinic-a" / "loop").symlink_to(archive)
    assert len(find_slides(archive)) == 3
    (archive / "clinic-a" / "loop").unlink()


def test_no_folder_of_an_archive_is_lost_in_silence(tmp_path: Path) -> None:
    for name in ("slide", "phone", "empty", "windows", "notes", "$RECYCLE.BIN/1"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("slide/1.jpg", "phone/1.heic", "windows/Thumbs.db", "notes/a.txt"):
        (tmp_path / name).touch()
    (tmp_path / "$RECYCLE.BIN" / "1" / "1.jpg").touch()
    assert find_slides(tmp_path) == [tmp_path / "phone", tmp_path / "slide"]
    assert find_empty(tmp_path) == [tmp_path / "empty", tmp_path / "windows"]
    assert find_empty(tmp_path, tmp_path / "empty") == [tmp_path / "windows"]
    assert is_archive(str(tmp_path))
    (tmp_path / "slide" / "1.jpg").unlink()
    assert not is_archive(str(tmp_path))  # a video or a photo beside a few fields


def test_a_packed_file_alone_is_said_and_no_slide_that_fails(
    screened: Screened, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("manuals/manual.zip", "logs/log.gz", "mail/1.heic", "mail/2.zip"):
        (copy / name).parent.mkdir(exist_ok=True)
        (copy / name).touch()
    (copy / "a.zip" / "b.zip").mkdir(parents=True)  # folders that are called so
    assert find_packed(copy) == [copy / "logs", copy / "manuals"]
    assert find_packed(copy, copy / "logs") == [copy / "manuals"]
    assert copy / "mail" in find_slides(copy)
    shutil.rmtree(copy / "mail")
    shutil.rmtree(copy / "a.zip")
    screened("out", source=copy)
    said = capsys.readouterr().err
    assert f"{len(SLIDES)} slides" in said
    assert "manuals holds a packed file alone: unpack its slides" in said


def test_a_slide_behind_a_link_is_named(tmp_path: Path) -> None:
    archive, other = tmp_path / "archive", tmp_path / "other"
    for folder in (archive / "slide", other / "heic", other / "jpeg", other / "text"):
        folder.mkdir(parents=True)
    for name in ("archive/slide/1.jpg", "other/heic/1.heic", "other/jpeg/1.jpg"):
        (tmp_path / name).touch()
    for folder in other.iterdir():
        (archive / folder.name).symlink_to(folder)
    (archive / "latest").symlink_to(archive / "slide")  # which is screened itself
    (archive / "loop").symlink_to(archive)
    (archive / "nowhere").symlink_to("/nowhere")
    assert find_slides(archive) == [archive / "slide"]
    assert find_links(archive) == [archive / "heic", archive / "jpeg"]


def test_the_table_of_no_slides_has_a_header_only() -> None:
    assert summary_csv_bytes([]).decode().startswith("slide,result,n_cells")
    assert summary_csv_bytes([]).count(b"\n") == 1


def test_a_slide_named_like_a_formula_is_made_harmless() -> None:
    row = ArchiveRow(slide="=1+1", result="failed")
    assert b"'=1+1" in summary_csv_bytes([row])


def test_one_process_and_two_write_the_same_bytes(
    screened: Screened, plain: dict[str, bytes]
) -> None:
    assert screened("two", "--jobs", "2") == plain
    files = [name for name in plain if not name.endswith(".jpg")]
    assert len(files) == 3 * 3 + 2
    rows = list(csv.DictReader(plain["slides.csv"].decode().splitlines()))
    assert [r["slide"] for r in rows] == list(SLIDES)
    assert all(int(r["n_screened"]) == 2 for r in rows)


def test_the_page_of_all_slides_finds_each_and_shows_fields_limits_and_empty_images(
    plain: dict[str, bytes],
) -> None:
    page = plain["index.html"].decode()
    for slide in ("clinic-a/1", "clinic-a/2", "clinic-b/1"):
        assert f'href="{slide}/report.html"' in page
        assert f'data-name="{slide}"' in page
    pictures = re.findall(r'src="([^"]+)"', page)
    assert pictures
    assert set(pictures) <= set(plain)
    assert "Limits of this model" in page
    assert INTENDED_USE in page
    for part in ("<main", "<nav", "<header", "<footer", "without a cell", "lang=en"):
        assert part in page
    assert "http" not in page


def test_page_and_reports_of_all_slides_are_in_the_language_of_the_run(
    screened: Screened,
) -> None:
    found = screened("fr", "--language", "fr")
    french = languages()["fr"]
    page = found["index.html"].decode()
    assert "<html lang=fr dir=ltr>" in page
    for text in ("Search and filter", "Limits of this model", "No result", "slides"):
        assert french(text) in page, text
    rows = csv.DictReader(found["slides.csv"].decode().splitlines())
    for said in (said_sentences(row["sentence"], french) for row in rows):
        assert unbroken(said) in html.unescape(page)
    assert "<html lang=fr" in found["clinic-b/1/report.html"].decode()
    assert b'"verdict": "No result, because' in found["clinic-b/1/result.json"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("nobody translated this. Nor this", "nobody translated this. Nor this"),
        (
            "No result, because no white cell was seen. Keep going.",
            "{no}{cell}. {go}",
        ),
        (TWO_SENTENCES, "{two}"),
    ],
)
def test_sentences_of_the_machine_are_each_said_in_the_language(
    text: str, expected: str
) -> None:
    french = languages()["fr"]
    no, cell = french("No result, because {reason}."), french("no white cell was seen")
    parts = {
        "no": no.removesuffix("{reason}."),
        "cell": cell,
        "go": french("Keep going."),
        "two": french(TWO_SENTENCES),
    }
    assert said_sentences(text, french) == expected.format(**parts)


def test_a_slide_in_an_archive_gives_what_it_gives_alone(
    screened: Screened, plain: dict[str, bytes], archive: Path
) -> None:
    many = json.loads(plain["clinic-b/1/result.json"])
    files = screened("alone", "--backend", "cpu", source=archive / "clinic-b/1")
    alone = json.loads(files["result.json"])
    assert many.pop("source") == "clinic-b/1"
    alone.pop("source")
    for result in (many, alone):  # its name is a fact as well
        result["facts"].pop("source")
    assert many == alone


def test_a_link_that_leads_nowhere_is_skipped_by_name(
    screened: Screened, copy: Path
) -> None:
    (copy / SLIDES[0] / "gone.png").symlink_to("/nowhere")
    result = json.loads(screened("out", source=copy)[f"{SLIDES[0]}/result.json"])
    ended = {i["name"]: i["status"] for i in result["images"]}
    assert ended == {"0.png": "screened", "1.png": "screened", "gone.png": "skipped"}


def test_a_stray_above_the_slides_does_not_hide_them(
    screened: Screened, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(copy / SLIDES[0] / "0.png", copy / "overview.png")
    assert f"{SLIDES[0]}/result.json" in screened("out", source=copy)
    assert "overview.png lies above the slides" in capsys.readouterr().err


def test_a_packed_slide_above_the_slides_is_named(
    screened: Screened, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("slide3.zip", "slide4.mp4", "list.csv"):
        (copy / name).write_bytes(b"")
    assert f"{SLIDES[0]}/result.json" in screened("out", source=copy)
    said = capsys.readouterr().err
    assert "slide3.zip lies above the slides and is not screened" in said
    assert "slide4.mp4 lies above the slides and is not screened" in said
    assert "list.csv" not in said


def test_a_name_that_is_no_text_blocks_nothing(screened: Screened, copy: Path) -> None:
    named = (copy / SLIDES[0]).rename(copy / os.fsdecode(b"caf\xe9"))
    (named / "0.png").rename(named / os.fsdecode(b"\xe9.png"))
    files = screened("out", source=copy)
    result = json.loads(files["caf\udce9/result.json"])
    assert result["source"] == "caf\ufffd"
    assert result["images"][0]["name"] == "\ufffd.png"
    assert "caf\ufffd" in files["slides.csv"].decode()


def test_goes_on_where_it_was_and_repeats_what_changed(
    screened: Screened, copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = screened("out", source=copy)
    (tmp_path / "out" / SLIDES[0] / STAMP).unlink()  # as if stopped before its end
    shutil.copy(copy / SLIDES[0] / "0.png", copy / SLIDES[1] / "1.png")
    capsys.readouterr()
    second = screened("out", source=copy)
    assert "3 slides, 1 of them done before" in capsys.readouterr().err
    changed = {name.rsplit("/", 1)[0] for name in first if first[name] != second[name]}
    fields = f"{SLIDES[1]}/fields"
    assert changed == {SLIDES[1], fields, "slides.csv", "index.html"}


def test_a_slide_that_fails_is_named_and_the_others_are_screened(
    screened: Screened, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    screened("out", source=copy)
    for image in (copy / SLIDES[0]).iterdir():
        image.write_text("no image any more")
    files = screened("out", "--json", source=copy, status=1)
    printed = capsys.readouterr()
    assert f"{SLIDES[0]}: no image could be read" in printed.err
    assert f"{SLIDES[0]}/result.json" not in files  # the older result is gone
    assert f"{SLIDES[1]}/result.json" in files
    rows = json.loads(printed.out[printed.out.index("[\n") :])
    assert [r["result"] == "failed" for r in rows] == [True, False, False]
    assert rows[0]["sentence"] == "no image could be read"
    page = files["index.html"].decode()
    assert page.count("no image could be read") == 1
    assert "Failed: 1" in page
    assert "0 of 0" not in page  # of a slide without a result there are no figures


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "give --out"),
        (["--out", "out", "--keep"], "keeps one slide"),
        (["--out", "out", "--backend", "tensorrt"], "by the CPU"),
    ],
)
def test_what_an_archive_cannot_do_is_refused(
    archive: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["screen", str(archive), *options]) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_listed_is_an_error_not_a_gap(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        find_slides(tmp_path / "gone")


@pytest.fixture
def dask_address() -> Iterator[str]:
    distributed = pytest.importorskip("distributed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cluster = distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        )
        with cluster:
            yield cluster.scheduler_address


@pytest.mark.slow
def test_a_dask_cluster_writes_the_same_bytes(
    screened: Screened, plain: dict[str, bytes], dask_address: str
) -> None:
    assert screened("dask", "--dask", dask_address) == plain


def test_a_scheduler_that_is_not_there_is_named(
    screened: Screened, archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("distributed")
    screened("out", "--dask", "nonsense://nowhere", status=1)
    assert "no Dask scheduler answers" in capsys.readouterr().err


def _calibrate(path: Path, width_px: int) -> Path:
    path.write_text(
        'camera = "x"\nobjective = "100x"\nheight_px = 480\num_per_px = 0.1\n'
        f'width_px = {width_px}\nsource = "two points"\n'
    )
    return path


def test_a_calibration_gives_the_scale_of_every_slide(
    screened: Screened, plain: dict[str, bytes], tmp_path: Path
) -> None:
    calibration = _calibrate(tmp_path / "calibration.toml", 640)
    assert screened("calibrated", "--calibration", str(calibration)) == plain


def test_a_calibration_of_another_camera_fails_every_slide_and_says_why(
    screened: Screened, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    calibration = _calibrate(tmp_path / "calibration.toml", 1280)
    files = screened("wrong", "--calibration", str(calibration), status=1)
    assert set(files) == {"slides.csv", "index.html"}
    assert capfd.readouterr().err.count("calibrate again") == len(SLIDES)


def test_the_result_says_which_segmenter_found_the_cells(screened: Screened) -> None:
    files = screened("unet", "--segmenter", "unet-nuclei-1")
    result = json.loads(files["clinic-a/1/result.json"])
    assert result["segmenter"] == "unet-nuclei-1"
