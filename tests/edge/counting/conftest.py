"""The usual ranges that are shipped."""

import pytest

from leukoscope_edge.config import read_toml
from leukoscope_edge.counting import ReferenceRanges
from leukoscope_edge.records.slides.site_ranges import SHIPPED


@pytest.fixture(scope="module")
def ranges() -> ReferenceRanges:
    return read_toml(SHIPPED, ReferenceRanges)
