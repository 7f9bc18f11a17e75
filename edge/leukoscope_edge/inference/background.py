"""How a model's calls come about here: by its card, or by this site's normal slides."""

from leukoscope_edge.counting import (
    Background,
    SiteBackground,
    SlideContext,
    call_model,
    site_spread,
)
from leukoscope_edge.errors import ConfigError
from leukoscope_edge.inference.card import Card
from leukoscope_edge.sample import SampleType, SlideFacts


def background_of(
    card: Card, site: SiteBackground | None, sample_type: SampleType | None
) -> Background:
    """Return the background to hold calls against.

    Args:
        card: Of the bundle that calls.
        site: This site's own normal slides; None takes the bundle's background.
        sample_type: What was smeared: normal slides are blood, and a normal marrow
            holds blasts, so that for anything else the bundle's background counts.

    Raises:
        ConfigError: The site's slides were counted with another bundle.
    """
    if site is None or sample_type is not SampleType.BLOOD:
        marrow = card.marrow if sample_type is SampleType.MARROW else None
        return Background(
            model=card.call_model,
            measured_by="bundle",
            false_calls_in_marrow=marrow.spread if marrow is not None else None,
        )
    if site.bundle != card.id:
        raise ConfigError(
            f"the site's normal slides were counted with {site.bundle}, and this "
            f"model is {card.id}: count them again with it"
        )
    model = call_model(card.true_calls.spread, site_spread(site.slides))
    return Background(model=model, measured_by="site")


def new_context(
    facts: SlideFacts,
    card: Card,
    site: SiteBackground | None,
    scale_um_per_px: float | None,
) -> SlideContext:
    """Return what decides over a slide that begins, beside the calls to come.

    Args:
        facts: What a person says of the slide.
        card: Of the bundle that calls.
        site: This site's own normal slides; None takes the bundle's background.
        scale_um_per_px: What a pixel measures, None where nobody said.

    Raises:
        ConfigError: The site's slides were counted with another bundle.
    """
    return SlideContext(
        facts=facts,
        background=background_of(card, site, facts.sample_type),
        is_scale_known=scale_um_per_px is not None,
        quality=(),
        doubts=(),
        is_over=False,
    )
