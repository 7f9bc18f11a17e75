"""Hostile images in a process of limited means: all of this is the real process."""

import os
import resource
import signal
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest

from leukoscope_edge.capture.stored import decoder_process
from leukoscope_edge.capture.stored.decoder_process import Decoder
from leukoscope_edge.errors import SourceError
from leukoscope_edge.messages import in_english


def save(path: Path) -> np.ndarray:
    random = np.random.default_rng(0)
    bgr = random.integers(0, 255, (48, 64, 3), np.uint8)
    assert cv2.imwrite(str(path), bgr)
    return bgr[..., ::-1]


def test_decodes_as_the_decoder_does_and_keeps_its_process(tmp_path: Path) -> None:
    expected = save(tmp_path / "a.png")
    with closing(Decoder()) as decoder:
        for _ in range(2):
            found = decoder.image(tmp_path / "a.png").pixels
            np.testing.assert_array_equal(found, expected)
        assert decoder._child is not None
        pid = decoder._child.pid
        limits = resource.prlimit(pid, resource.RLIMIT_AS)
        assert limits == (decoder_process.MAX_MEMORY_BYTES,) * 2
        assert resource.prlimit(pid, resource.RLIMIT_FSIZE) == (0, 0)


def test_a_picture_that_is_drawn_on_is_refused_with_the_cure(tmp_path: Path) -> None:
    field = np.full((300, 300, 3), (215, 190, 210), np.uint8)
    field[::7, ::5] -= 60
    assert cv2.imwrite(str(tmp_path / "a.png"), field)
    cv2.rectangle(field, (50, 50), (120, 110), (0, 255, 0), 1)
    assert cv2.imwrite(str(tmp_path / "b.png"), field)
    with closing(Decoder()) as decoder:
        assert decoder.image(tmp_path / "a.png").pixels.shape == field.shape
        with pytest.raises(SourceError, match=r"drawn on it.*save it without them"):
            decoder.image(tmp_path / "b.png")


def test_a_refusal_costs_nothing_but_the_image(tmp_path: Path) -> None:
    save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_text("no image")
    with closing(Decoder()) as decoder:
        with pytest.raises(SourceError, match="is not an image"):
            decoder.image(tmp_path / "bad.png")
        with pytest.raises(SourceError, match="cannot be read: No such file"):
            decoder.image(tmp_path / "gone.png")
        assert decoder.image(tmp_path / "good.png").pixels.shape == (48, 64, 3)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("pipe.png", "is no file but a pipe or a device"),
        ("pipe.mp4", "is no file but a pipe or a device"),
        ("zero.png", "is no file but a pipe or a device"),
        ("folder.png", "is a folder that is called like a file"),
        ("folder.mp4", "is a folder that is called like a file"),
        ("loop.png", "Too many levels of symbolic links"),
        ("dangling.png", "No such file"),
    ],
)
def test_what_is_no_file_is_named_at_once(tmp_path: Path, name: str, why: str) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "loop.png").symlink_to("loop.png")
    (tmp_path / "dangling.png").symlink_to("gone")
    path = tmp_path / name
    with closing(Decoder()) as decoder, pytest.raises(SourceError, match=why):
        decoder.open_video(path) if path.suffix == ".mp4" else decoder.image(path)


def test_a_frame_of_which_ffmpeg_complains_is_damaged(tmp_path: Path) -> None:
    path, random = tmp_path / "a.avi", np.random.default_rng(0)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"FMP4"), 5, (320, 240))
    field = cv2.GaussianBlur(
        random.integers(0, 255, (240, 320, 3), np.uint8), (9, 9), 0
    )
    for shift in range(4):
        writer.write(np.roll(field, 8 * shift, axis=1))
    writer.release()
    data = bytearray(path.read_bytes())
    for at in range(len(data) // 8, len(data) // 2, 997):
        data[at] ^= 0x40
    path.write_bytes(data)
    with (
        closing(Decoder()) as decoder,
        pytest.raises(SourceError, match=r"is damaged \(.* damaged at"),
    ):
        decoder.open_video(path)
        decoder.next_frame()


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("", None),
        (
            "[OPENCV:FFMPEG:16] Cannot convert interlaced to progressive frames",
            "is interlaced (every other line is of another moment): record it "
            "progressively",
        ),
        ("[OPENCV:FFMPEG:16] bytestream -5\nmore", "is damaged (bytestream -5)"),
    ],
)
def test_what_ffmpeg_says_is_said_in_one_line(said: str, why: str | None) -> None:
    found = decoder_process.complaint_of(said)
    assert (found and in_english(found)) == why


def test_a_file_without_an_end_meets_the_memory_limit(tmp_path: Path) -> None:
    save(tmp_path / "good.png")
    with (tmp_path / "endless.png").open("wb") as file:
        file.truncate(2 * decoder_process.MAX_MEMORY_BYTES)
    with closing(Decoder()) as decoder:
        with pytest.raises(SourceError, match="needs more memory"):
            decoder.image(tmp_path / "endless.png")
        assert decoder.image(tmp_path / "good.png").pixels.shape == (48, 64, 3)


def test_a_decoder_that_hangs_meets_the_time_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "good.png")
    save(tmp_path / "silent.png")
    with closing(Decoder()) as decoder:
        decoder.image(tmp_path / "good.png")
        assert decoder._child is not None
        os.kill(decoder._child.pid, signal.SIGSTOP)
        monkeypatch.setattr(decoder_process, "DECODE_S", 0.3)
        with pytest.raises(SourceError, match="it took too long"):
            decoder.image(tmp_path / "silent.png")
        monkeypatch.undo()
        assert decoder.image(tmp_path / "good.png").pixels.shape == (48, 64, 3)


def test_a_decoder_that_is_killed_costs_one_image(tmp_path: Path) -> None:
    save(tmp_path / "good.png")
    with closing(Decoder()) as decoder:
        decoder.image(tmp_path / "good.png")
        assert decoder._child is not None
        pid = decoder._child.pid
        save(tmp_path / "silent.png")
        os.kill(pid, signal.SIGSTOP)
        killer = threading.Timer(0.2, os.kill, (pid, 9))
        killer.start()
        with pytest.raises(SourceError, match="its process gave no answer"):
            decoder.image(tmp_path / "silent.png")
        killer.join()
        assert decoder.image(tmp_path / "good.png").pixels.shape == (48, 64, 3)


def test_words_that_a_library_prints_do_not_disturb_the_answers() -> None:
    program = (
        "from leukoscope_edge.capture.child import Answers\n"
        "answers = Answers()\n"
        "print('noise', flush=True)\n"
        "answers.send({'all': 'well'})\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True
    )
    assert b"noise" not in found.stdout
    assert found.stdout.endswith(b'{"all": "well"}')
