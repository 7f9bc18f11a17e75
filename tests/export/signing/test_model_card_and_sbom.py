"""What travels with a model for people and auditors."""

import json
from pathlib import Path

import pytest

from leukoscope_edge.inference import open_bundle, shipped_bundles
from leukoscope_export.signing.model_card_and_sbom import model_card_text, sbom_bytes


def test_the_bill_of_materials_lists_program_libraries_and_model(bundle: Path) -> None:
    card = open_bundle(bundle).card
    document = json.loads(sbom_bytes(card))
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    parts = {c["name"]: c for c in document["components"]}
    assert {"numpy", "onnxruntime", "tuf", "cryptography"} <= set(parts)
    assert "torch" not in parts
    model = parts["simulated-1"]
    assert model["type"] == "machine-learning-model"
    assert model["hashes"][0]["content"] == card.model_cpu.sha256
    assert model["modelCard"]["considerations"]["technicalLimitations"]
    assert sbom_bytes(card) == sbom_bytes(card)


@pytest.mark.parametrize("name", sorted(shipped_bundles()))
def test_the_model_card_says_every_figure_of_the_card(name: str) -> None:
    card = open_bundle(shipped_bundles()[name]).card
    text = model_card_text(card)
    for value in (card.metrics.sensitivity, card.metrics.auroc, card.data.n_people):
        assert str(value) in text
    for limit in card.limits:
        assert limit in text
    assert "not a diagnosis" in text
