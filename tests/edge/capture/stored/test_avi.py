"""Motion JPEG is read frame by frame, by the decoder that notices damage."""

import struct
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from leukoscope_edge.capture import parse_simulated
from leukoscope_edge.capture.stored import VideoReplay
from leukoscope_edge.capture.stored.avi import MotionJpeg
from leukoscope_edge.types import Fault, Frame

N = 6


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Six simulated frames as Motion JPEG."""
    path = tmp_path_factory.mktemp("video") / "slide.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 5, (640, 480))
    with parse_simulated(f"simulated:seed=5,frames={N}") as camera:
        while isinstance(frame := camera.read(), Frame):
            writer.write(np.ascontiguousarray(frame.pixels[..., ::-1]))
    writer.release()
    return path.read_bytes()


def replayed(path: Path) -> tuple[list[Frame], list[Fault]]:
    items = []
    with VideoReplay(path, 0.1) as camera:
        while (item := camera.read()) is not None:
            items.append(item)
    frames = [i for i in items if isinstance(i, Frame)]
    return frames, [i for i in items if isinstance(i, Fault)]


def test_a_whole_video_gives_every_frame_in_its_time(
    video: bytes, tmp_path: Path
) -> None:
    (tmp_path / "a.avi").write_bytes(video)
    frames, faults = replayed(tmp_path / "a.avi")
    assert [f.time_s for f in frames] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert faults == []


def test_a_video_that_ends_too_soon_says_how_much_is_missing(
    video: bytes, tmp_path: Path
) -> None:
    (tmp_path / "a.avi").write_bytes(video[: len(video) // 2])
    frames, faults = replayed(tmp_path / "a.avi")
    assert 0 < len(frames) < N
    assert "frames could not be read" in faults[-1].reason.said()


def test_a_damaged_frame_costs_itself(video: bytes, tmp_path: Path) -> None:
    at = video.index(b"00dc", len(video) // 2) + 2000
    damaged = video[:at] + bytes(4000) + video[at + 4000 :]
    (tmp_path / "a.avi").write_bytes(damaged)
    frames, faults = replayed(tmp_path / "a.avi")
    assert len(frames) == N - 1
    assert "is damaged" in faults[0].reason.said()


def announcing(video: bytes, n_frames: int) -> bytes:
    at = video.index(b"avih") + 24
    return video[:at] + struct.pack("<I", n_frames) + video[at + 4 :]


def chunk_at(video: bytes, number: int) -> int:
    """Return where a frame's chunk begins, behind those of the head."""
    at = video.index(b"movi")
    for _ in range(number + 1):
        at = video.index(b"00dc", at + 4)
    return at


def without_a_name(video: bytes) -> bytes:
    at = chunk_at(video, N - 1)
    return video[:at] + bytes(8) + video[at + 8 :]


def too_long(video: bytes) -> bytes:
    """The last but one says that it is larger than the file."""
    at = chunk_at(video, N - 2) + 4
    return video[:at] + b"\xff\xff\xff\x7f" + video[at + 4 :]


def cut_between_frames(video: bytes) -> bytes:
    return video[: chunk_at(video, N - 1)]


def zeroed_index(video: bytes) -> bytes:
    return video[: video.rindex(b"idx1")] + bytes(300)


@pytest.mark.parametrize(
    ("damage", "n_frames"),
    [
        (without_a_name, N - 1),
        (too_long, N - 1),
        (cut_between_frames, N - 1),
        (zeroed_index, N),
    ],
)
@pytest.mark.parametrize("is_announced", [True, False])
def test_a_video_that_does_not_end_where_it_says_is_damaged(
    video: bytes,
    tmp_path: Path,
    damage: Callable[[bytes], bytes],
    n_frames: int,
    is_announced: bool,
) -> None:
    (tmp_path / "a.avi").write_bytes(damage(announcing(video, N * is_announced)))
    frames, [fault] = replayed(tmp_path / "a.avi")
    assert len(frames) == n_frames
    assert fault.n_lost == is_announced * (N - n_frames)
    what = "could not be read" if fault.n_lost else "damaged where it ends"
    assert what in fault.reason.said()


def behind_its_end(video: bytes) -> bytes:
    return video + bytes(300)


def of_no_length(video: bytes) -> bytes:
    """As a program leaves it that was not let finish."""
    return video[:4] + bytes(4) + video[8:]


@pytest.mark.parametrize("change", [behind_its_end, of_no_length])
def test_what_a_program_leaves_is_no_damage(
    video: bytes, tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    (tmp_path / "a.avi").write_bytes(change(video))
    frames, faults = replayed(tmp_path / "a.avi")
    assert (len(frames), faults) == (N, [])


@pytest.mark.parametrize(("n_announced", "n_lost"), [(N, 0), (7, 1), (8, 2)])
def test_of_a_short_video_no_frame_is_lost_without_a_word(
    video: bytes, tmp_path: Path, n_announced: int, n_lost: int
) -> None:
    (tmp_path / "a.avi").write_bytes(announcing(video, n_announced))
    _, faults = replayed(tmp_path / "a.avi")
    assert sum(f.n_lost for f in faults) == n_lost


@pytest.mark.parametrize("data", [b"", b"RIFF", b"RIFF\0\0\0\0AVI ", b"not a video"])
def test_what_is_no_avi_is_not_ours(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.avi").write_bytes(data)
    opened = MotionJpeg(tmp_path / "a.avi")
    assert not opened.is_ours
    assert opened.next_frame() is None
    opened.close()


@pytest.fixture
def cases() -> Path:
    folder = Path(__file__).resolve().parents[5] / "shared" / "cases"
    if not folder.is_dir():
        pytest.skip(f"the cases are not at {folder}")
    return folder


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "n_frames", "n_lost"),
    [("corrupt_mid.mp4", 61, 87), ("trunc.avi", 75, 75)],
)
def test_the_rest_of_a_damaged_video_is_counted(
    cases: Path, name: str, n_frames: int, n_lost: int
) -> None:
    frames, faults = replayed(cases / "video-tail" / name)
    assert len(frames) == pytest.approx(n_frames, abs=1)
    assert sum(f.n_lost for f in faults) == pytest.approx(n_lost, abs=1)
    assert "frames could not be read" in faults[-1].reason.said()


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "why"), [("gray.mp4", "has no colour"), ("av1.mkv", "this AV01 video")]
)
def test_a_video_that_cannot_be_judged_says_why(
    cases: Path, name: str, why: str
) -> None:
    frames, faults = replayed(cases / "grey-video" / name)
    assert frames == []
    assert why in faults[0].reason.said()
