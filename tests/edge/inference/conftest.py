"""A bundle for tests of engines."""

import dataclasses
from pathlib import Path

import pytest

from leukoscope_edge.inference import Bundle, open_bundle


@pytest.fixture
def bundle(bundle_folder: Path) -> Bundle:
    """A bundle whose file for TensorRT is the same small network."""
    bundle = open_bundle(bundle_folder)
    return dataclasses.replace(bundle, model_trt=bundle.model)
