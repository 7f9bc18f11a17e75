"""A device whose records and page the tests of this room look at."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.edge.web.conftest import browser, device, stranger  # noqa: F401

from leukoscope_edge.records import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path) as store:
        yield store
