import os
import signal
from pathlib import Path

import cv2
import numpy as np
import pytest

from leukoscope_edge.capture import is_sequence, open_source
from leukoscope_edge.capture.stored import list_images
from leukoscope_edge.capture.stored.replay import ImageReplay, VideoReplay
from leukoscope_edge.errors import SourceError
from leukoscope_edge.types import Fault, Frame


def save(path: Path, shade: int) -> None:
    pixels = np.full((48, 64, 3), 40 + shade, np.uint8)
    pixels[..., 0] = 0
    assert cv2.imwrite(str(path), pixels)


def save_video(path: Path) -> Path:
    """Three frames, ever redder."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for shade in (50, 100, 150):
        writer.write(np.full((48, 64, 3), (0, 0, shade), np.uint8))
    writer.release()
    return path


def noise_video(path: Path, codec: str) -> Path:
    """Three frames of coloured noise that goes on."""
    random, code = np.random.default_rng(0), cv2.VideoWriter.fourcc(*codec)
    writer = cv2.VideoWriter(str(path), code, 10, (64, 48))
    field = random.integers(0, 255, (48, 64, 3), np.uint8)
    for shift in range(3):
        writer.write(np.roll(field, 4 * shift, axis=1))
    writer.release()
    return path


def test_a_video_says_how_much_its_frames_lost(tmp_path: Path) -> None:
    said = []
    videos = (
        noise_video(tmp_path / "a.avi", "MJPG"),
        noise_video(tmp_path / "a.mkv", "MJPG"),
        noise_video(tmp_path / "a.mp4", "mp4v"),
    )
    for path in videos:
        with VideoReplay(path, None) as camera:
            frames = [f for f in iter(camera.read, None) if isinstance(f, Frame)]
        assert len(frames) == 3
        said.append([f.facts for f in frames])
    ours, matroska, mpeg4 = said
    assert all(f.jpeg_quality is not None for f in (*ours, *matroska))
    assert all(f.bits_per_px is None for f in (*ours, *matroska))
    assert mpeg4[0].bits_per_px is not None
    assert 1 < mpeg4[0].bits_per_px < 24
    assert all(f.jpeg_quality is None for f in mpeg4)


def test_reads_images_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("10.png", "2.png", "1.png"):
        save(tmp_path / name, int(name[:-4]))
    with ImageReplay(list_images(tmp_path), None) as camera:
        frames = [camera.read() for _ in range(4)]
    assert frames[3] is None
    assert [f.name for f in frames[:3] if f] == ["1.png", "2.png", "10.png"]
    times = [f.time_s for f in frames if isinstance(f, Frame)]
    assert times == sorted(times)


def test_a_bad_image_is_a_fault_in_its_place(tmp_path: Path) -> None:
    save(tmp_path / "1.png", 1)
    (tmp_path / "2.jpg").write_text("not an image")
    (tmp_path / "3.png").mkdir()
    save(tmp_path / "4.png", 4)
    with ImageReplay(list_images(tmp_path), 0.1) as camera:
        kinds = [type(camera.read()) for _ in range(5)]
    assert kinds == [Frame, Fault, Fault, Frame, type(None)]


def test_pictures_of_a_kind_that_is_not_read_are_listed_to_be_named(
    tmp_path: Path,
) -> None:
    for name in ("10.heic", "2.png", ".3.png", "notes.txt", "11.mp4"):
        (tmp_path / name).touch()
    assert [p.name for p in list_images(tmp_path)] == ["2.png", "10.heic", "11.mp4"]


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(SourceError, match="no image in this folder"):
        list_images(tmp_path)


def test_what_comes_while_a_folder_is_read_is_a_fault(tmp_path: Path) -> None:
    save(tmp_path / "1.png", 1)
    with open_source(str(tmp_path), scale_um_per_px=0.2) as camera:
        assert isinstance(camera.read(), Frame)
        save(tmp_path / "2.png", 2)
        late = camera.read()
        assert camera.read() is None
    assert isinstance(late, Fault)
    assert late.name == "2.png"
    assert late.reason.said().startswith("is newer than the list of pictures")


def test_replays_a_video(tmp_path: Path) -> None:
    path = save_video(tmp_path / "slide.avi")
    with open_source(str(path), scale_um_per_px=0.2) as camera:
        frames = [camera.read() for _ in range(4)]
    reds = [int(f.pixels[..., 0].mean()) for f in frames if isinstance(f, Frame)]
    assert frames[3] is None
    assert camera.scale_um_per_px == 0.2
    np.testing.assert_allclose(reds, [50, 100, 150], atol=6)
    assert is_sequence(str(path))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"not a video", "is not a video"),
        (b"", "is empty: copy it again"),
        (b"\0\0\0\x0cftypisom\0\0\0\x0cmdat", "is truncated"),
    ],
)
def test_a_video_that_is_no_video_says_why(
    data: bytes, why: str, tmp_path: Path
) -> None:
    path = tmp_path / "slide.mp4"
    path.write_bytes(data)
    with pytest.raises(SourceError, match=why):
        VideoReplay(path, None)


def test_a_video_in_hdr_is_refused(tmp_path: Path) -> None:
    path = save_video(tmp_path / "slide.mp4")
    with VideoReplay(path, None) as camera:
        assert isinstance(camera.read(), Frame)
    hdr = b"\0\0\0\x12colrnclx\0\x09\0\x10\0\x09"
    path.write_bytes(path.read_bytes() + hdr)
    with pytest.raises(SourceError, match="is recorded in HDR"):
        VideoReplay(path, None)


def test_a_video_whose_decoder_dies_ends_with_a_fault(tmp_path: Path) -> None:
    path = save_video(tmp_path / "slide.avi")
    with VideoReplay(path, None) as camera:
        first = camera.read()
        assert camera._decoder is not None
        assert camera._decoder._child is not None
        os.kill(camera._decoder._child.pid, signal.SIGKILL)
        second, third = camera.read(), camera.read()
    assert isinstance(first, Frame)
    assert isinstance(second, Fault)
    assert "cannot be decoded" in second.reason.said()
    assert third is None
