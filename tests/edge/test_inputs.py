"""Folders as people have them, from the command line to the sentence."""

import json
import os
import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.simulated import camera_on

from leukoscope_edge.archive import find_slides
from leukoscope_edge.arrays import U8
from leukoscope_edge.capture.stored.tiff import PHOTOMETRIC
from leukoscope_edge.cli import main
from leukoscope_edge.types import Frame

Screen = Callable[..., dict[str, Any]]
N = 6


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulated fields as PNG files: to the program they are real ones."""
    folder = tmp_path_factory.mktemp("drawn")
    with camera_on(f"simulated:seed=5,frames={6 * N}") as camera:
        for number in range(6 * N):
            frame = camera.read()
            assert isinstance(frame, Frame)
            if number % 6 == 0:
                bgr = np.ascontiguousarray(frame.pixels[..., ::-1])
                assert cv2.imwrite(str(folder / f"{number:02d}.png"), bgr)
    return folder


@pytest.fixture
def fields(drawn: Path, tmp_path: Path) -> Path:
    return shutil.copytree(drawn, tmp_path / "fields")


@pytest.fixture
def screen(capsys: pytest.CaptureFixture[str]) -> Screen:
    """Return a function that screens a folder and returns its result."""

    def run(folder: Path, *more: str, um_per_px: str = "0.1") -> dict[str, Any]:
        words = ["screen", str(folder), "--um-per-px", um_per_px, "--json"]
        assert main([*words, "--sample-type", "blood", *more]) == 0
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return result

    return run


def test_good_fields_are_made_into_a_result_without_a_note(
    fields: Path, screen: Screen
) -> None:
    result = screen(fields)
    assert [i["status"] for i in result["images"]] == ["screened"] * N
    assert not any("Made from" in n for n in result["notes"])


@pytest.mark.parametrize("um_per_px", ["1.0", "0.2", "0.04"])
def test_a_scale_that_is_no_microscopes_gives_no_verdict(
    fields: Path, screen: Screen, um_per_px: str
) -> None:
    verdict = screen(fields, um_per_px=um_per_px)["verdict"]
    assert verdict.startswith("No result, because red cells would measure")


@pytest.mark.parametrize("um_per_px", ["0.065", "0.135"])
def test_a_scale_that_is_a_third_off_gives_no_verdict(
    fields: Path, screen: Screen, um_per_px: str
) -> None:
    verdict = screen(fields, um_per_px=um_per_px)["verdict"]
    assert verdict.startswith("No result, because red cells would measure")


def test_a_field_under_two_names_counts_once(fields: Path, screen: Screen) -> None:
    n_cells = len(screen(fields)["cells"])
    for picture in list(fields.iterdir()):
        shutil.copy(picture, picture.with_name(f"{picture.stem} - Copy.png"))
        pixels = cv2.imread(str(picture))
        assert pixels is not None
        assert cv2.imwrite(str(picture.with_suffix(".tif")), pixels)
    result = screen(fields)
    assert len(result["cells"]) == n_cells
    notes = " ".join(result["notes"])
    assert f"Made from {N} of {3 * N} images" in notes
    assert f"{2 * N} were copies" in notes
    copied = next(i for i in result["images"] if i["status"] == "refused")
    assert "shows the same field as" in copied["reason"]


def test_what_is_left_out_is_named_and_a_part_is_no_negative(
    fields: Path, screen: Screen
) -> None:
    (fields / "a.heic").write_bytes(b"x")
    (fields / "b.mp4").write_bytes(b"x")
    (fields / "more").mkdir()
    shutil.copy(fields / "00.png", fields / "more" / "x.png")
    (fields / "notes.txt").write_text("of no picture")
    shutil.copy(fields / "00.png", fields / "c.jfif")
    result = screen(fields)
    reasons = {i["name"]: i["reason"] for i in result["images"] if i["reason"]}
    assert "not read here (.heic)" in reasons.pop("a.heic")
    assert "video among images" in reasons.pop("b.mp4")
    assert "folder of images" in reasons.pop("more")
    assert list(reasons) == ["00.png"]
    assert "same field as c.jfif" in reasons["00.png"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda bgr: bgr[..., ::-1], "red cells are blue"),
        (lambda bgr: bgr[..., [0, 2, 1]], "red cells are green"),
        (lambda bgr: 255 - bgr, "the colours are inverted"),
    ],
)
def test_colours_out_of_order_are_said_and_give_no_verdict(
    fields: Path, screen: Screen, change: Callable[[U8], U8], said: str
) -> None:
    for picture in fields.iterdir():
        pixels = np.asarray(cv2.imread(str(picture)), np.uint8)
        assert cv2.imwrite(str(picture), np.ascontiguousarray(change(pixels)))
    assert screen(fields)["verdict"].startswith(f"No result, because {said}")


@pytest.mark.parametrize(
    ("change", "size"),
    [
        (lambda bgr: cv2.rotate(bgr, cv2.ROTATE_90_CLOCKWISE), "480 x 640"),
        (lambda bgr: cv2.resize(bgr, None, fx=2, fy=2), "1280 x 960"),
    ],
)
def test_a_frame_of_another_size_ends_a_sequence_in_one_line(
    fields: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[U8], U8],
    size: str,
) -> None:
    pixels = np.asarray(cv2.imread(str(fields / "18.png")), np.uint8)
    assert cv2.imwrite(str(fields / "18.png"), change(pixels))
    words = ["screen", str(fields), "--sequence", "--um-per-px", "0.1"]
    assert main(words) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert f"frame 18.png has another size ({size} pixels)" in error


@pytest.mark.parametrize(
    ("suffix", "qualities"), [(".jpg", (40,)), (".png", (40,)), (".jpg", (40, 95))]
)
def test_too_much_compression_gives_no_verdict_under_any_name(
    fields: Path, screen: Screen, suffix: str, qualities: tuple[int, ...]
) -> None:
    for picture in list(fields.iterdir()):
        pixels = cv2.imread(str(picture))
        picture.unlink()
        for quality in qualities:
            how = [cv2.IMWRITE_JPEG_QUALITY, quality]
            assert pixels is not None
            pixels = cv2.imdecode(cv2.imencode(".jpg", pixels, how)[1], 1)
        how = [cv2.IMWRITE_JPEG_QUALITY, qualities[-1]] if suffix == ".jpg" else []
        assert cv2.imwrite(str(picture.with_suffix(suffix)), pixels, how)
    verdict = screen(fields)["verdict"]
    assert "compressed too much (JPEG quality 40" in verdict


def test_a_name_on_the_terminal_moves_nothing(
    fields: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (fields / "00.png").rename(fields / "a\n\u202egpj.png")
    assert main(["screen", str(fields), "--um-per-px", "0.1"]) == 0
    printed = capsys.readouterr()
    assert "\u202e" not in printed.out + printed.err
    assert "a\\n\\u202egpj.png" in printed.out


def test_what_a_decoder_would_read_in_part_or_wrongly_is_left_out_by_name(
    fields: Path, screen: Screen
) -> None:
    pixels = cv2.imread(str(fields / "00.png"))
    assert pixels is not None
    webp = b"WEBPVP8X\x0a\0\0\0\x02" + bytes(9)
    (fields / "moving.webp").write_bytes(b"RIFF" + struct.pack("<I", len(webp)) + webp)
    png, control = (fields / "00.png").read_bytes(), b"acTL" + bytes(8)
    chunk = struct.pack(">I", 8) + control + struct.pack(">I", zlib.crc32(control))
    (fields / "apng.png").write_bytes(png[:33] + chunk + png[33:])
    tiff = bytes(np.asarray(cv2.imencode(".tif", pixels)[1]))
    rgb = struct.pack("<HHIHH", PHOTOMETRIC, 3, 1, 2, 0)
    assert tiff.count(rgb) == 1
    for name, kind in (("lab.tif", 8), ("inks.tif", 5)):
        other = struct.pack("<HHIHH", PHOTOMETRIC, 3, 1, kind, 0)
        (fields / name).write_bytes(tiff.replace(rgb, other))
    os.mkfifo(fields / "pipe.png")
    result = screen(fields)
    reasons = {i["name"]: i["reason"] for i in result["images"] if i["reason"]}
    several, colours = "holds several pictures", "keeps its colours in a way"
    starts = {"moving.webp": several, "apng.png": several, "pipe.png": "is no file"}
    starts |= {"lab.tif": colours, "inks.tif": colours}
    assert reasons.keys() == starts.keys()
    assert all(reasons[name].startswith(start) for name, start in starts.items())
    assert any("Made from 6 of 11 images" in note for note in result["notes"])


def test_results_in_the_archive_are_no_slides(tmp_path: Path, drawn: Path) -> None:
    archive = tmp_path / "archive"
    slide = archive / "s1"
    slide.mkdir(parents=True)
    shutil.copy(drawn / "00.png", slide)
    (archive / "out" / "s1").mkdir(parents=True)
    shutil.copy(drawn / "00.png", archive / "out" / "s1")
    assert find_slides(archive, archive / "out") == [slide]
    assert find_slides(archive, tmp_path / "other") != [slide]


def test_a_pipe_is_no_micrometer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    words = ["calibrate", str(tmp_path / "pipe.png"), "--spacing-um", "10"]
    names = ["--camera", "c", "--objective", "o", "--out", str(tmp_path / "c.toml")]
    assert main([*words, *names]) == 1
    assert "is no file but a pipe" in capsys.readouterr().err
