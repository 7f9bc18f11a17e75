"""Where frames come from: cameras, replayed files and the simulated slide.

Offers one way to open any of them (`open_source`), the `Camera` that comes of it, the
simulated slide, and the light of a real camera (`lock_light`). `capture.stored` is a
room of its own.
"""

from typing import TYPE_CHECKING

from leukoscope_edge import load_on_use

if TYPE_CHECKING:
    from leukoscope_edge.capture.calibrated import with_calibration as with_calibration
    from leukoscope_edge.capture.camera import Camera as Camera
    from leukoscope_edge.capture.camera import items_of as items_of
    from leukoscope_edge.capture.cell_drawing import WhiteCell as WhiteCell
    from leukoscope_edge.capture.child import Answers as Answers
    from leukoscope_edge.capture.child import Child as Child
    from leukoscope_edge.capture.exposure import lock_light as lock_light
    from leukoscope_edge.capture.exposure import take_picture as take_picture
    from leukoscope_edge.capture.live import LiveCamera as LiveCamera
    from leukoscope_edge.capture.mapped import ChangedCamera as ChangedCamera
    from leukoscope_edge.capture.simulated import FRAME_INTERVAL_S as FRAME_INTERVAL_S
    from leukoscope_edge.capture.simulated import SCALE_UM_PER_PX as SCALE_UM_PER_PX
    from leukoscope_edge.capture.simulated import SimulatedCamera as SimulatedCamera
    from leukoscope_edge.capture.simulated import SlidePlan as SlidePlan
    from leukoscope_edge.capture.simulated import parse_simulated as parse_simulated
    from leukoscope_edge.capture.simulated import plan_of as plan_of
    from leukoscope_edge.capture.smear import BLOOD as BLOOD
    from leukoscope_edge.capture.source import domain_of as domain_of
    from leukoscope_edge.capture.source import is_camera as is_camera
    from leukoscope_edge.capture.source import is_sequence as is_sequence
    from leukoscope_edge.capture.source import is_simulated as is_simulated
    from leukoscope_edge.capture.source import open_source as open_source
    from leukoscope_edge.capture.v4l2 import FIRST_STREAM as FIRST_STREAM
    from leukoscope_edge.capture.v4l2 import STABLE_NAMES as STABLE_NAMES
else:
    __getattr__, __all__ = load_on_use(__name__, __file__)
