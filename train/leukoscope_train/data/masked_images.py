"""Images with hand-drawn masks, for the networks that learn to segment.

A set is a folder with `images/` and `masks/` (same name, .png: 0 background, 128
cytoplasm, 255 nucleus). Images are split by their place in the sorted list: even ones
train, odd ones test.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from leukoscope_edge.arrays import F32, U8
from leukoscope_edge.capture.stored import decode_image, list_images
from leukoscope_edge.errors import SourceError
from leukoscope_edge.inference import CELL, INPUT_UM_PER_PX, NUCLEUS
from leukoscope_edge.vision import white_balance
from leukoscope_train.data.set_scales import SET_SCALES
from leukoscope_train.errors import DataError

SET_REPEATS = {"wbc-fields": 1, "wbc-crops-120": 1, "wbc-crops-300": 3}
"""The sets, and how often an image of each is drawn: the smallest set is the hardest
one, for its red cells adhere. `unet-nuclei-1` was trained when their scales were taken
for 0.08, 0.2 and 0.09 um per px; windows vary by more than that (MAX_ZOOM)."""
MAX_ZOOM = 1.6
"""A scale that was estimated from the cells is wrong by up to this factor."""
GAIN_SPREAD = 0.08
"""Of each channel: stains and lamps differ by more than the white balance mends."""
STAIN_SPREAD = 0.12
"""Of each channel's optical density: no two stains take alike."""
MAX_SLOPE = 0.12
"""Of each channel, from the middle of a window to its edge: where cells hide the light
it is left uneven below `flatfield.CLEARLY_UNEVEN`."""
WHITE_CELL, CELL_NUCLEUS = 1, 2
"""What Mask R-CNN calls its objects; 0 is background."""
MIN_SCORE = 0.5
"""Of its objects, and of each pixel of their masks: less is not believed."""


@dataclass(frozen=True, slots=True)
class MaskedImage:
    """One image at the network's scale with its classes.

    Attributes:
        pixels: (H, W, 3) uint8 RGB, white-balanced on the plasma.
        classes: (H, W) uint8, 0 background, CELL or NUCLEUS.
    """

    pixels: U8
    classes: U8


def training_images(data: Path) -> list[MaskedImage]:
    """Read the even images of all sets, those of the smallest set several times.

    Args:
        data: The folder that holds the sets.

    Raises:
        DataError: A mask cannot be read.
    """
    images = []
    for name in SET_REPEATS:
        paths = list_images(data / name / "images")[::2]
        images += _readable(paths, _factor(name)) * SET_REPEATS[name]
    return images


def held_out_images(data: Path, every: int = 1) -> dict[str, list[MaskedImage]]:
    """Read every n-th odd image of each set, to test on.

    Raises:
        DataError: A mask cannot be read.
    """
    return {
        name: _readable(
            list_images(data / name / "images")[1 :: 2 * every], _factor(name)
        )
        for name in SET_REPEATS
    }


def _readable(paths: list[Path], factor: float) -> list[MaskedImage]:
    """Read images, and say on stderr which the device would refuse."""
    images = []
    for path in paths:
        try:
            images.append(_read(path, factor))
        except SourceError as err:
            print(f"left out: {path}: {err}", file=sys.stderr)  # noqa: T201
    return images


def _factor(name: str) -> float:
    """Return by how much a set's images are reduced to the network's scale."""
    return SET_SCALES[name].um_per_px / INPUT_UM_PER_PX


def _read(path: Path, factor: float) -> MaskedImage:
    pixels = white_balance(decode_image(path.read_bytes()))
    where = path.parent.with_name("masks") / f"{path.stem}.png"
    mask = cv2.imdecode(np.fromfile(where, np.uint8), cv2.IMREAD_GRAYSCALE)
    if mask is None or mask.shape != pixels.shape[:2]:
        raise DataError(f"{where}: is not the mask of {path.name}")
    size = (round(mask.shape[1] * factor), round(mask.shape[0] * factor))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    near = cv2.resize(np.asarray(mask), size, interpolation=cv2.INTER_NEAREST)
    classes = np.where(near > 191, NUCLEUS, np.where(near > 63, CELL, 0))
    return MaskedImage(np.asarray(small, np.uint8), classes.astype(np.uint8))


def draw_windows(
    images: list[MaskedImage], n: int, side_px: int, random: np.random.Generator
) -> list[MaskedImage]:
    """Cut n windows out of images drawn with replacement; see `window`."""
    chosen = random.integers(len(images), size=n)
    return [window(images[i], side_px, random) for i in chosen]


def window(
    image: MaskedImage, side_px: int, random: np.random.Generator
) -> MaskedImage:
    """Cut a random square, turned, mirrored, scaled, tinted and degraded.

    Args:
        image: Where to cut.
        side_px: Side of the window.
        random: Source of the choices.

    Returns:
        A square of the given side; the image is mirrored beyond its edge.
    """
    zoom = MAX_ZOOM ** random.uniform(-1, 1)
    focus = _focus(image.classes, random)
    turn = cv2.getRotationMatrix2D(focus, random.uniform(0, 360), zoom)
    turn[:, 2] = turn[:, 2] + side_px / 2 - np.array(focus)
    if random.random() < 0.5:
        turn[0] = [-turn[0, 0], -turn[0, 1], side_px - turn[0, 2]]
    size = (side_px, side_px)
    pixels = cv2.warpAffine(image.pixels, turn, size, borderMode=cv2.BORDER_REFLECT)
    classes = cv2.warpAffine(
        image.classes,
        turn,
        size,
        flags=cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_REFLECT,
    )
    return MaskedImage(
        _degrade(np.asarray(pixels, np.uint8), random), np.asarray(classes, np.uint8)
    )


def _focus(classes: U8, random: np.random.Generator) -> tuple[float, float]:
    """Return where a window looks: mostly at a cell, for most of a field is none."""
    height, width = classes.shape
    ys, xs = np.nonzero(classes)
    if len(ys) == 0 or random.random() < 0.3:
        return float(random.uniform(0, width)), float(random.uniform(0, height))
    index = int(random.integers(len(ys)))
    return float(xs[index]), float(ys[index])


def _degrade(pixels: U8, random: np.random.Generator) -> U8:
    """Stain, light, blur and add noise as other stains and bad cameras do."""
    strength = 1.4 ** random.uniform(-1, 1)
    strengths = strength * np.exp(STAIN_SPREAD * random.standard_normal(3))
    light: F32 = ((pixels / 255.0) ** strengths).astype(np.float32)
    light = np.clip(light * _lamp(pixels.shape[:2], random), 0, 1)
    sigma_px = float(random.uniform(0, 1.2))
    if sigma_px > 0.4:
        light = np.asarray(cv2.GaussianBlur(light, (0, 0), sigma_px), np.float32)
    noise = random.standard_normal(light.shape) * random.uniform(0, 0.03)
    return np.clip(np.rint(255 * (light + noise)), 0, 255).astype(np.uint8)


def _lamp(shape: tuple[int, ...], random: np.random.Generator) -> F32:
    """Return the light over a window, (H, W, 3) float32 about 1: a tint and a slope."""
    height, width = shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    angle = random.uniform(0, 2 * np.pi)
    across = (x * np.cos(angle) + y * np.sin(angle))[..., None]
    slopes = random.uniform(-MAX_SLOPE, MAX_SLOPE, 3)
    gains = 1 + GAIN_SPREAD * random.standard_normal(3)
    return np.asarray(gains * (1 + slopes * across), np.float32)
