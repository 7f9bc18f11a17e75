"""Is the device what it was: control, charts, cell location, illumination, scale.

Offers the state of a device (`device_quality`) and its cures, Levey-Jennings charts
(`trends`), the scale of its camera, the light of a day, normal slides of the site; and
`cell_location` whole.
"""

from leukoscope_edge.quality import cell_location
from leukoscope_edge.quality.camera_scale import (
    Scale,
    camera_scale,
    keep_scale,
    measure_scale,
    of_this_size,
    require_objective,
    scales,
    usual_objective,
)
from leukoscope_edge.quality.control import cure_of, device_quality, without_lapses
from leukoscope_edge.quality.illumination import LightLog
from leukoscope_edge.quality.levey_jennings import (
    GOLDEN_NOTE,
    begin_new_band,
    earlier_bands,
    note_light,
    plot,
    trends,
)
from leukoscope_edge.quality.site_background import (
    FOR_BACKGROUND,
    PURPOSE,
    is_for_background,
    keep_normal_slide,
    n_by_model,
    normal_slides,
    normals_said,
    site_background,
)

__all__ = [
    "FOR_BACKGROUND",
    "GOLDEN_NOTE",
    "PURPOSE",
    "LightLog",
    "Scale",
    "begin_new_band",
    "camera_scale",
    "cell_location",
    "cure_of",
    "device_quality",
    "earlier_bands",
    "is_for_background",
    "keep_normal_slide",
    "keep_scale",
    "measure_scale",
    "n_by_model",
    "normal_slides",
    "normals_said",
    "note_light",
    "of_this_size",
    "plot",
    "require_objective",
    "scales",
    "site_background",
    "trends",
    "usual_objective",
    "without_lapses",
]
