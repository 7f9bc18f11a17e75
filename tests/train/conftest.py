import cv2
import numpy as np
import pytest
import torch

from leukoscope_edge.capture import parse_simulated
from leukoscope_edge.inference import CELL, NUCLEUS
from leukoscope_train.data import MaskedImage


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def drawn() -> list[MaskedImage]:
    """Three frames of the simulated slide at the network's scale."""
    with parse_simulated("simulated:seed=1,cells=30") as camera:
        return [_masked(camera, number) for number in (40, 80, 120)]


def _masked(camera: object, number: int) -> MaskedImage:
    nuclei, cells = camera.labels(number)  # type: ignore[attr-defined]
    classes = np.where(nuclei > 0, NUCLEUS, np.where(cells > 0, CELL, 0))
    pixels = camera.render(number)  # type: ignore[attr-defined]
    half = (pixels.shape[1] // 2, pixels.shape[0] // 2)
    return MaskedImage(
        cv2.resize(pixels, half, interpolation=cv2.INTER_AREA),
        cv2.resize(classes.astype(np.uint8), half, interpolation=cv2.INTER_NEAREST),
    )
