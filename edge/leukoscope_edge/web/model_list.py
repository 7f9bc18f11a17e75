"""The models of a device as its page lists them. Reads, and decides nothing."""

from dataclasses import dataclass

from leukoscope_edge import updates
from leukoscope_edge.errors import BundleError
from leukoscope_edge.inference import Card, read_card, shipped_bundle_for
from leukoscope_edge.log import passing_over
from leukoscope_edge.records.slides import SlideRecord
from leukoscope_edge.updates import release_of
from leukoscope_edge.web.device import Device, judged_by


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedModel:
    """One model.

    Attributes:
        card: Its card.
        release: Epoch and sequence, empty for the shipped one.
        is_serving: It judges new slides.
        n_slides: Slides that it judged here.
        first: The first of them, empty where there is none.
        last: The last of them.
    """

    card: Card
    release: str
    is_serving: bool
    n_slides: int
    first: str
    last: str


def listed_models(device: Device) -> list[ListedModel]:
    """Return the models that are here, the one in use first."""
    domain, judged = device.bundle.card.domain, device.store.reader.slides_by_model()
    shipped, found = shipped_bundle_for(domain), []
    for folder in updates.folders(device.store.folder, domain):
        with passing_over(BundleError, doing="listing a model that is here"):
            card = read_card(folder)
            slides = judged.get((card.id, card.model_cpu.sha256), [])
            found.append(
                ListedModel(
                    card=card,
                    release="" if folder == shipped else release_of(folder.name),
                    is_serving=folder == device.bundle.folder,
                    n_slides=len(slides),
                    first=slides[0] if slides else "",
                    last=slides[-1] if slides else "",
                )
            )
    return found


def open_slides(device: Device) -> list[SlideRecord]:
    """Return the slides begun for the model in use and not finished.

    One that was never counted is among them: its record names the model already.
    """
    card = device.bundle.card
    return [r for r in device.store.reader.unfinished() if judged_by(r, card)]
