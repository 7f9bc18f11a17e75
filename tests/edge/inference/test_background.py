"""Against whose background calls are held: the bundle's, or this site's."""

from dataclasses import replace
from pathlib import Path

import pytest

from leukoscope_edge.counting import (
    NormalSlide,
    SiteBackground,
    call_model,
    site_spread,
)
from leukoscope_edge.errors import ConfigError
from leukoscope_edge.inference import Card, MarrowEntry, read_card
from leukoscope_edge.inference.background import background_of, new_context
from leukoscope_edge.sample import SIMULATED_SAMPLE, SampleType


@pytest.fixture
def card(bundle_folder: Path) -> Card:
    return read_card(bundle_folder)


def site_of(card: Card) -> SiteBackground:
    slides = tuple(NormalSlide(n_cells=200, n_blast=n) for n in (40, 44, 52, 39, 61))
    return SiteBackground(bundle=card.id, slides=slides)


@pytest.mark.parametrize("sample_type", [None, *SampleType])
def test_without_a_site_the_bundles_background_counts(
    card: Card, sample_type: SampleType | None
) -> None:
    found = background_of(card, None, sample_type)
    assert found.measured_by == "bundle"
    assert found.model == card.call_model


def test_a_sites_normal_slides_count_for_blood(card: Card) -> None:
    found = background_of(card, site_of(card), SampleType.BLOOD)
    assert found.measured_by == "site"
    site = site_spread(site_of(card).slides)
    assert found.model == call_model(card.true_calls.spread, site)
    assert found.model != card.call_model


@pytest.mark.parametrize(
    "sample_type", [None, *(s for s in SampleType if s is not SampleType.BLOOD)]
)
def test_normal_blood_says_nothing_of_any_other_sample(
    card: Card, sample_type: SampleType | None
) -> None:
    found = background_of(card, site_of(card), sample_type)
    assert found == background_of(card, None, sample_type)


@pytest.mark.parametrize("sample_type", [None, *SampleType])
def test_a_cards_word_of_a_normal_marrow_counts_for_marrow_alone(
    card: Card, sample_type: SampleType | None
) -> None:
    assert background_of(card, None, sample_type).false_calls_in_marrow is None
    entry = MarrowEntry(
        alpha=20, beta=80, n_cells=9, is_in_sample=True, composition="a book"
    )
    found = background_of(replace(card, marrow=entry), None, sample_type)
    is_marrow = sample_type is SampleType.MARROW
    assert found.false_calls_in_marrow == (entry.spread if is_marrow else None)
    assert found.model == card.call_model


def test_slides_that_another_model_counted_are_refused_by_name(card: Card) -> None:
    site = replace(site_of(card), bundle="older-model")
    with pytest.raises(ConfigError, match=r"older-model.*model is red-test"):
        background_of(card, site, SampleType.BLOOD)


@pytest.mark.parametrize(("scale", "is_known"), [(None, False), (0.1, True)])
def test_a_slide_begins_open_without_doubts_and_with_the_scale_that_is_known(
    card: Card, scale: float | None, is_known: bool
) -> None:
    context = new_context(SIMULATED_SAMPLE, card, None, scale)
    assert context.is_scale_known is is_known
    assert context.facts == SIMULATED_SAMPLE
    assert (context.quality, context.doubts, context.is_over) == ((), (), False)


@pytest.mark.parametrize("sample_type", [None, *SampleType])
def test_a_slide_begins_with_the_background_of_its_sample(
    card: Card, sample_type: SampleType | None
) -> None:
    facts = replace(SIMULATED_SAMPLE, sample_type=sample_type)
    context = new_context(facts, card, site_of(card), None)
    assert context.background == background_of(card, site_of(card), sample_type)
