"""What travels with a model for people and auditors: model card, bill of materials.

Both are written from the bundle's card and from what is installed here; nothing in
them is typed by hand.

Source: Mitchell et al. 2019, Model Cards for Model Reporting; CycloneDX 1.6.
"""

import json
import re
import uuid
from importlib import metadata
from typing import Any

from leukoscope_edge import __version__
from leukoscope_edge.inference import Card

PROGRAM = "leukoscope"
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "leukoscope")
MODEL_CARD = """\
# {card.id}

{card.summary}

Made {card.created} for {card.domain} slides. A screening aid, not a diagnosis: a
person looks at every cell that it calls.

## What it is

{card.network.architecture}, {card.network.precision}, {card.network.n_parameters} \
parameters. Input: single white cells, {card.input.side_px} x {card.input.side_px} \
pixels at {card.input.scale_um_per_px} micrometres a pixel, colour \
{card.input.colour}.

## When it calls

Blast from a probability of {card.decision.blast_from}, normal up to \
{card.decision.normal_to}, unclear between.

## What it was trained on

{card.data.source}. {card.data.n_cells} cells of {card.data.n_people} people; \
licence: {card.data.licence}.

    {card.data.command}

## How well it does

On {card.metrics.set}: {card.metrics.n_cells} cells of {card.metrics.n_people} people.

| measure | value |
|---|---|
| sensitivity | {card.metrics.sensitivity} |
| specificity | {card.metrics.specificity} |
| area under the ROC curve | {card.metrics.auroc} |
| weighted F1 | {card.metrics.weighted_f1} |
| calibration error | {card.metrics.ece} |

Healthy people's cells called blast: {false_calls:.1%} on average over \
{card.false_calls.n_people} people.

## What it must not be used for

{limits}
"""


def model_card_text(card: Card) -> str:
    """Return the model card as Markdown."""
    spread = card.false_calls
    return MODEL_CARD.format(
        card=card,
        false_calls=spread.alpha / (spread.alpha + spread.beta),
        limits="\n".join(f"- {limit}" for limit in card.limits),
    )


def sbom_bytes(card: Card) -> bytes:
    """Return the bill of materials of program and model as CycloneDX JSON.

    The same card and the same installed packages give the same bytes.
    """
    program = {
        "type": "application",
        "bom-ref": PROGRAM,
        "name": PROGRAM,
        "version": __version__,
        "licenses": [{"license": {"id": "Apache-2.0"}}],
    }
    components = [model_component(card), *map(_library, sorted(_requirements()))]
    document = sbom_document(program, components)
    return json.dumps(document, indent=1, sort_keys=True).encode()


def sbom_document(
    described: dict[str, Any], components: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return a CycloneDX 1.6 document; what it lists makes its serial number.

    Args:
        described: The component that the document is about, with its "bom-ref".
        components: What that consists of, each with its "bom-ref".

    Source: ECMA-424, https://cyclonedx.org/docs/1.6/json/.
    """
    about = json.dumps(components, sort_keys=True)
    parts = [component["bom-ref"] for component in components]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(NAMESPACE, about)}",
        "version": 1,
        "metadata": {"component": described},
        "components": components,
        "dependencies": [{"ref": described["bom-ref"], "dependsOn": parts}],
    }


def _requirements() -> list[str]:
    """Return the names of the packages that the device itself needs."""
    lines = metadata.requires(PROGRAM) or []
    device = (line for line in lines if "extra ==" not in line)
    return [re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0] for line in device]


def _library(name: str) -> dict[str, Any]:
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:  # not needed on this Python
        version = "absent"
    purl = f"pkg:pypi/{name.lower()}@{version}"
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
    }


def model_component(card: Card) -> dict[str, Any]:
    """Return a model as a component of a CycloneDX bill of materials."""
    metrics = ("sensitivity", "specificity", "auroc", "weighted_f1", "ece")
    return {
        "type": "machine-learning-model",
        "bom-ref": f"model:{card.id}",
        "name": card.id,
        "version": card.created,
        "description": card.summary,
        "hashes": [{"alg": "SHA-256", "content": card.model_cpu.sha256}],
        "modelCard": {
            "modelParameters": {
                "task": "classification",
                "architectureFamily": "convolutional neural network",
                "modelArchitecture": card.network.architecture,
                "datasets": [{"type": "dataset", "name": card.data.source}],
            },
            "quantitativeAnalysis": {
                "performanceMetrics": [
                    {"type": m, "value": str(getattr(card.metrics, m))} for m in metrics
                ]
            },
            "considerations": {"technicalLimitations": list(card.limits)},
        },
    }
