"""The crops that small networks of these tests are given."""

from leukoscope_edge.inference import InputEntry
from leukoscope_train.networks import INPUT_MEAN, INPUT_STD

SIDE_PX = 32
SPEC = InputEntry(
    side_px=SIDE_PX,
    scale_um_per_px=0.5,
    colour="masked",
    mean=INPUT_MEAN,
    std=INPUT_STD,
)
