import os
import re
import signal
import struct
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


def test_what_is_replaced_or_comes_in_a_folder_meanwhile_is_a_fault(
    tmp_path: Path,
) -> None:
    for name in ("1.png", "2.png", "known/1.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        save(tmp_path / name, 1)
    with open_source(str(tmp_path), scale_um_per_px=0.2) as camera:
        assert isinstance(camera.read(), Frame)
        (tmp_path / "1.png").write_bytes(b"another one")
        (tmp_path / "more").mkdir()
        save(tmp_path / "more" / "3.png", 3)
        found = list(iter(camera.read, None))
    told = [(f.name, f.reason.said()[:8]) for f in found if isinstance(f, Fault)]
    assert told == [("known", "is a fol"), ("more", "is newer"), ("1.png", "is newer")]


def test_folders_of_an_archive_are_no_part_of_a_slide(tmp_path: Path) -> None:
    save(tmp_path / "1.png", 1)
    (tmp_path / "next").mkdir()
    save(tmp_path / "next" / "1.png", 1)
    paths = list_images(tmp_path)
    with ImageReplay(paths, 0.2, folder=tmp_path, has_folders=False) as camera:
        assert [type(f) for f in iter(camera.read, None)] == [Frame]


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
    data = path.read_bytes()
    at = data.index(b"moov") - 4  # the last box, by OpenCV's writer
    n_bytes = int.from_bytes(data[at : at + 4], "big") + len(hdr)
    path.write_bytes(data[:at] + n_bytes.to_bytes(4, "big") + data[at + 4 :] + hdr)
    with pytest.raises(SourceError, match="is recorded in HDR"):
        VideoReplay(path, None)


def element(kind: str, *parts: bytes) -> bytes:
    """One of EBML, its length in eight bytes."""
    body = b"".join(parts)
    return bytes.fromhex(kind) + (len(body) | 1 << 56).to_bytes(8, "big") + body


def matroska(times_ms: list[int], duration_ms: int, wide: bytes = b"\x40") -> bytes:
    """A video of noise, 64 x 48 pixels, ten a second, a frame for each time.

    It is shown so wide.
    """
    random = np.random.default_rng(0)
    clusters = []
    for time_ms in times_ms:
        frame = cv2.imencode(".jpg", random.integers(0, 255, (48, 64, 3), np.uint8))[1]
        block = element("a3", b"\x81\0\0\x80", frame.tobytes())
        time = element("e7", time_ms.to_bytes(4, "big"))
        clusters.append(element("1f43b675", time, block))
    duration = element("4489", struct.pack(">d", duration_ms))
    shown = element("54b0", wide), element("54ba", b"\x30")
    size = element("e0", element("b0", b"\x40"), element("ba", b"\x30"), *shown)
    rate = element("23e383", (100_000_000).to_bytes(4, "big"))
    numbers = [element(kind, b"\1") for kind in ("d7", "73c5", "83")]
    track = element("ae", *numbers, rate, element("86", b"V_MJPEG"), size)
    head = element("1a45dfa3", element("4282", b"matroska"))
    inside = element("1549a966", duration), element("1654ae6b", track), *clusters
    return head + element("18538067", *inside)


@pytest.mark.parametrize(
    ("pause_ms", "share", "n_frames", "said"),
    [
        (0, 1.0, 12, []),
        (5000, 1.0, 12, []),
        (0, 0.75, 8, [("4 frames could not be read", 4)]),
        (5000, 0.75, 8, [("4 frames could not be read", 4)]),
        (0, 0.05, 0, [("is truncated (its end is missing): copy it again", 0)]),
    ],
)
def test_a_matroska_file_may_pause_and_tells_by_time_what_is_missing(
    pause_ms: int,
    share: float,
    n_frames: int,
    said: list[tuple[str, int]],
    tmp_path: Path,
) -> None:
    times_ms = [100 * k + pause_ms * (k > 5) for k in range(12)]
    data = matroska(times_ms, times_ms[-1] + 100)
    path = tmp_path / "a.mkv"
    path.write_bytes(data[: int(share * len(data))])
    with VideoReplay(path, None) as camera:
        found = list(iter(camera.read, None))
    faults = [f for f in found if isinstance(f, Fault)]
    assert len(found) - len(faults) == n_frames
    assert [f.n_lost for f in faults] == [n for _, n in said]
    assert all(
        f.reason.said().startswith(s) for f, (s, _) in zip(faults, said, strict=True)
    )


@pytest.mark.parametrize(("wide", "shape"), [(b"\x41", ""), (b"\x44", "17:16")])
def test_a_video_of_pixels_that_are_no_squares_is_refused(
    wide: bytes, shape: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.mkv"
    path.write_bytes(matroska([0, 100, 200], 300, wide))
    if not shape:
        VideoReplay(path, None).__exit__()
        return
    with pytest.raises(SourceError, match=rf"pixels that are no squares \({shape}\)"):
        VideoReplay(path, None)


@pytest.mark.parametrize(("first", "last"), [(2, 8), (4, 10)])
def test_a_hole_in_a_matroska_file_is_no_pause(
    first: int, last: int, tmp_path: Path
) -> None:
    data = matroska([100 * k for k in range(12)], 1200)
    starts = [found.start() for found in re.finditer(b"\x1f\x43\xb6\x75", data)]
    begin, end = starts[first], starts[last]
    path = tmp_path / "a.mkv"
    path.write_bytes(data[:begin] + bytes(end - begin) + data[end:])
    with VideoReplay(path, None) as camera:
        faults = [f for f in iter(camera.read, None) if isinstance(f, Fault)]
    assert "is damaged" in faults[0].reason.said()
    assert [f.n_lost for f in faults] == [0, last - first]


def test_a_clock_that_stands_still_loses_no_frame(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    path.write_bytes(matroska([0] * 12, 1200))
    with VideoReplay(path, None) as camera:
        found = list(iter(camera.read, None))
    assert [type(f) for f in found] == [Frame] * 12


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
