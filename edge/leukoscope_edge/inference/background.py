"""How a model's calls come about here: by its card, or by this site's normal slides."""

from leukoscope_edge.counting import Background
from leukoscope_edge.counting.background import SiteBackground, site_spread
from leukoscope_edge.counting.fraction import call_model
from leukoscope_edge.errors import ConfigError
from leukoscope_edge.inference.card import Card
from leukoscope_edge.sample import SampleType


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
        return Background(model=card.call_model, measured_by="bundle")
    if site.bundle != card.id:
        raise ConfigError(
            f"the site's normal slides were counted with {site.bundle}, and this "
            f"model is {card.id}: count them again with it"
        )
    model = call_model(card.true_calls.spread, site_spread(site.slides))
    return Background(model=model, measured_by="site")
