"""Damage picture files at random: how many wrong pixels are judged without a word?

    python tools/fuzz_pictures.py PICTURE... [--format tiff] [--mutations 300] [--json]

Each picture is written as JPEG, PNG, BMP, TIFF and AVI (Motion JPEG), and each of these
is damaged: bits flipped, a block zeroed, a block of noise, bytes taken out or put in,
the end cut, two blocks exchanged. A damaged file is *silent* where the program decodes
it without a word and a tenth or more of its pixels are wrong.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from leukoscope_edge.arrays import U8
from leukoscope_edge.capture.stored import ImageReplay, VideoReplay
from leukoscope_edge.errors import SourceError
from leukoscope_edge.messages import message
from leukoscope_edge.types import Fault, Frame

WRONG_SHARE = 0.1
WRONG_LEVELS = 24
"""A pixel is wrong from this difference in any channel: seen at a glance."""
N_FRAMES = 4
STILLS = {
    "jpeg": (".jpg", [cv2.IMWRITE_JPEG_QUALITY, 90]),
    "png": (".png", []),
    "bmp": (".bmp", []),
    "tiff": (".tiff", []),
}
Random = np.random.Generator
Mutation = Callable[[bytearray, Random], None]


def _span(data: bytearray, random: Random) -> tuple[int, int]:
    n = int(len(data) * random.uniform(0.005, 0.3))
    at = int(random.integers(0, len(data) - n))
    return at, n


def flip(data: bytearray, random: Random) -> None:
    """Flip one to eight bits."""
    for at in random.integers(0, len(data), int(random.integers(1, 9))):
        data[at] ^= 1 << int(random.integers(8))


def zero(data: bytearray, random: Random) -> None:
    """Lose a block."""
    at, n = _span(data, random)
    data[at : at + n] = bytes(n)


def scramble(data: bytearray, random: Random) -> None:
    """Overwrite a block with noise."""
    at, n = _span(data, random)
    data[at : at + n] = random.bytes(n)


def take_out(data: bytearray, random: Random) -> None:
    """Lose bytes, and move the rest up."""
    at, n = _span(data, random)
    del data[at : at + n]


def put_in(data: bytearray, random: Random) -> None:
    """Repeat a block in its place."""
    at, n = _span(data, random)
    data[at:at] = data[at : at + n]


def cut(data: bytearray, random: Random) -> None:
    """Lose the end, and keep the mark of the end."""
    end = bytes(data[-12:])
    del data[int(random.integers(len(data) // 10, len(data))) :]
    data += end


def exchange(data: bytearray, random: Random) -> None:
    """Exchange two blocks of the same length."""
    (a, n), (b, _) = _span(data, random), _span(data, random)
    n = min(n, abs(a - b), len(data) - max(a, b))
    data[a : a + n], data[b : b + n] = data[b : b + n], data[a : a + n]


MUTATIONS: tuple[Mutation, ...] = (
    *(flip, zero, scramble, take_out, put_in, cut, exchange),
)


def wrong_share(found: U8, true: U8) -> float:
    """Return the share of pixels that are not what they were."""
    if found.shape != true.shape:
        return 1.0
    difference = np.abs(found.astype(np.int16) - true).max(axis=2)
    return float((difference > WRONG_LEVELS).mean())


def _frames(path: Path) -> tuple[list[Frame], list[Fault]]:
    is_video = path.suffix == ".avi"
    try:
        camera = VideoReplay(path, 0.1) if is_video else ImageReplay([path], 0.1)
    except SourceError as err:
        return [], [Fault(name=path.name, reason=message("file-says", why=str(err)))]
    frames, faults = [], []
    with camera:
        while (item := camera.read()) is not None:
            if isinstance(item, Frame):
                frames.append(item)
            else:
                faults.append(item)
    return frames, faults


def verdict_on(path: Path, true: list[U8]) -> str:
    """Return "refused", "said", "harmless" or "silent" for a damaged file."""
    frames, faults = _frames(path)
    if not frames:
        return "refused"
    wrong = [min(wrong_share(f.pixels, t) for t in true) for f in frames]
    is_bad = any(w >= WRONG_SHARE for w in wrong) or len(frames) < 0.9 * len(true)
    if not is_bad:
        return "harmless"
    return "said" if faults else "silent"


def write_all(pictures: list[U8], folder: Path) -> dict[str, list[Path]]:
    """Write pictures in each format; return the files by format."""
    files: dict[str, list[Path]] = {}
    for kind, (suffix, how) in STILLS.items():
        files[kind] = [folder / f"{i}{suffix}" for i in range(len(pictures))]
        for path, bgr in zip(files[kind], pictures, strict=True):
            cv2.imwrite(str(path), bgr, how)
    height, width = pictures[0].shape[:2]
    path = folder / "all.avi"
    video = cv2.VideoWriter(
        str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (width, height)
    )
    for i in range(N_FRAMES):
        video.write(pictures[i % len(pictures)])
    video.release()
    return files | {"avi": [path]}


def fuzz(
    paths: list[Path], folder: Path, numbers: range, seed: int
) -> tuple[Counter[str], list[str]]:
    """Return how many mutations ended how, and which were silent.

    Args:
        paths: The whole files.
        folder: For the damaged ones.
        numbers: Which mutations are tried, of those that the seed gives.
        seed: Of the mutations.
    """
    random, counts, silent = np.random.default_rng(seed), Counter[str](), []
    truths = {p: [f.pixels for f in _frames(p)[0]] for p in paths}
    if not all(truths.values()):
        raise SystemExit(f"{paths[0].name}: the whole file is refused")
    for number in range(numbers.stop):
        path = paths[number % len(paths)]
        mutate = MUTATIONS[number % len(MUTATIONS)]
        data = bytearray(path.read_bytes())
        mutate(data, random)
        if number not in numbers:
            continue
        damaged = folder / f"damaged{path.suffix}"
        damaged.write_bytes(data)
        ended = verdict_on(damaged, truths[path])
        counts[ended] += 1
        if ended == "silent":
            silent.append(f"{mutate.__name__} #{number}")
    return counts, silent


def main() -> int:
    """Fuzz every format; 1 where a file was judged without a word."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("picture", type=Path, nargs="+")
    parser.add_argument("--format", choices=[*STILLS, "avi"], action="append")
    parser.add_argument("--mutations", type=int, default=300, help="of each format")
    parser.add_argument("--first", type=int, default=0, help="leave out those before")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    read = [cv2.imread(str(p)) for p in options.picture]
    numbers = range(options.first, options.mutations)
    pictures = [np.asarray(p, np.uint8) for p in read if p is not None]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = {
            kind: fuzz(paths, folder, numbers, options.seed)
            for kind, paths in write_all(pictures, folder).items()
            if options.format is None or kind in options.format
        }
    if options.json:
        plain = {k: {**counts, "which": which} for k, (counts, which) in found.items()}
        print(json.dumps(plain, indent=1))
    else:
        for kind, (counts, which) in found.items():
            print(f"{kind:<5} {dict(counts)} {', '.join(which)}")
    return int(any(counts["silent"] for counts, _ in found.values()))


if __name__ == "__main__":
    sys.exit(main())
