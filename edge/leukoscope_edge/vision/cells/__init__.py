"""From masks on a view to nuclei, whole cells and what each object is."""

from leukoscope_edge.vision.cells.growth import REACH_UM
from leukoscope_edge.vision.cells.masks import Masks
from leukoscope_edge.vision.cells.objects import MIN_WHOLE_NUCLEUS_UM, describe
from leukoscope_edge.vision.cells.platelets import Measures

__all__ = ["MIN_WHOLE_NUCLEUS_UM", "REACH_UM", "Masks", "Measures", "describe"]
