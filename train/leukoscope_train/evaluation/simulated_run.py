"""A simulated slide's way through the device, for programs that measure it."""

from leukoscope_edge.inference import Bundle, Engine, new_context
from leukoscope_edge.sample import SIMULATED_SAMPLE
from leukoscope_edge.screening import SlideRun


def run_simulated(
    engine: Engine,
    bundle: Bundle,
    scale_um_per_px: float | None,
    *,
    only_new: bool = False,
) -> SlideRun:
    """Start a slide whose frames overlap, as under a moving stage, at no site.

    Args:
        engine: The bundle's model on some backend.
        bundle: The model.
        scale_um_per_px: Of the frames, None where it is not known.
        only_new: Search only frames that show something new.
    """
    context = new_context(SIMULATED_SAMPLE, bundle.card, None, scale_um_per_px)
    return SlideRun(
        engine,
        bundle,
        context=context,
        scale_um_per_px=scale_um_per_px,
        is_sequence=True,
        only_new=only_new,
    )
