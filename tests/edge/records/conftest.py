"""Slides for the tests of the records."""

from pathlib import Path

import pytest
from tests.edge.records.bench import Bench
from tests.simulated import simulated_bundle

from leukoscope_edge.inference import Card


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "records")


@pytest.fixture(scope="session")
def card() -> Card:
    """The card of the model that is shipped for drawn slides."""
    return simulated_bundle().card
