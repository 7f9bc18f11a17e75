"""What is usual at this site: its own file beside the records, or the shipped one."""

from importlib import resources
from pathlib import Path

from leukoscope_edge.config import read_toml
from leukoscope_edge.counting import ReferenceRanges

RANGES_NAME = "reference_ranges.toml"
SHIPPED = Path(str(resources.files("leukoscope_edge"))) / RANGES_NAME


def open_ranges(folder: Path) -> ReferenceRanges:
    """Return what is usual.

    Args:
        folder: Of the records.

    Raises:
        ConfigError: The site's own file cannot be read, or holds something impossible.
    """
    own = folder / RANGES_NAME
    return read_toml(own if own.exists() else SHIPPED, ReferenceRanges)
