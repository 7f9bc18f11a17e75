"""A pair of networks with random weights, for timing alone.

They cost what trained ones cost. The quick network decides nothing: every cell goes to
the deep one as well.
"""

from pathlib import Path

import numpy as np
import torch

from leukoscope_edge.inference import (
    Bundle,
    DataEntry,
    DecisionEntry,
    InputEntry,
    MetricsEntry,
    SpreadEntry,
    open_bundle,
)
from leukoscope_export.bundle import Quick, Release, Trained, write_bundle
from leukoscope_export.graphs import onnx_bytes, quantise_graph
from leukoscope_train.evaluation import CallCalibration
from leukoscope_train.networks import (
    INPUT_MEAN,
    INPUT_STD,
    Architecture,
    make_network,
    n_parameters,
)

SPEC = InputEntry(
    side_px=128,
    scale_um_per_px=0.16,
    colour="masked-standardised",
    mean=INPUT_MEAN,
    std=INPUT_STD,
)

RELEASE = Release(
    id="random-pair",
    created="none",
    domain="real",
    summary="random weights, for timing alone",
    limits=("Of no medical use.",),
    input=SPEC,
    calibration=CallCalibration(
        decision=DecisionEntry(temperature=1, normal_to=0.4, blast_from=0.6),
        false_calls=SpreadEntry(alpha=1, beta=99, n_people=0),
        true_calls=SpreadEntry(alpha=99, beta=1, n_people=0),
    ),
    data=DataEntry(
        source="none",
        licence="none",
        n_cells=0,
        n_people=0,
        split_sha256="none",
        command="none",
    ),
    metrics=MetricsEntry(
        set="none",
        n_cells=0,
        n_people=0,
        weighted_f1=0,
        auroc=0,
        sensitivity=0,
        specificity=0,
        ece=0,
    ),
)
"""What the card says of networks that nobody judged."""


def random_pair(folder: Path) -> Bundle:
    """Write and open a bundle of ResNet-50 and the compact AlexNet, random weights."""
    never = DecisionEntry(temperature=1, normal_to=0.05, blast_from=0.95)
    quick = Quick(trained=_random("alexnet-compact"), decision=never)
    write_bundle(folder, _random("resnet50"), RELEASE, quick)
    return open_bundle(folder)


def _random(architecture: Architecture) -> Trained:
    torch.manual_seed(0)
    network = make_network(architecture)
    noise = np.random.default_rng(1).integers(0, 256, (8, 128, 128, 3))
    files = quantise_graph(onnx_bytes(network, 128), noise.astype(np.uint8), SPEC)
    return Trained(
        files=files, architecture=architecture, n_parameters=n_parameters(network)
    )
