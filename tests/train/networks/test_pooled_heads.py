"""Heads on pooled features: kinds asked first."""

import torch

from leukoscope_train.evaluation import blast_margin
from leukoscope_train.networks import make_network
from leukoscope_train.networks.pooled_heads import KindFirst, Kinds


def test_the_weaker_of_both_answers_is_the_margin() -> None:
    network = make_network("alexnet-kind-first", 24).eval()
    assert isinstance(network, KindFirst)
    seen = network.features(torch.randn(8, 3, 24, 24))
    normal, blast, other = network.answers(seen).unbind(1)
    logits = network.logits(seen)
    weaker = torch.minimum(blast - normal, -other)
    assert torch.allclose(logits[:, 1] - logits[:, 0], weaker, atol=1e-5)
    mean_map = network.activation_map(seen).mean(dim=(1, 2))
    bias = network.head.bias[1] - network.head.bias[0]
    assert torch.allclose(mean_map + bias, blast - normal, atol=1e-5)


def test_the_map_of_kinds_adds_up_to_the_margin() -> None:
    torch.manual_seed(0)
    network = make_network("alexnet-kinds").eval()
    assert isinstance(network, Kinds)
    features = network.features(torch.randn(3, 3, 64, 64))
    logits = network.logits(features)
    others = logits[:, 1:].softmax(1)
    entropy = -(others * others.log()).sum(1)
    biases = network.head.bias[0] - others @ network.head.bias[1:]
    margin = torch.from_numpy(blast_margin(logits.detach().numpy()))
    found = network.activation_map(features).mean((1, 2)) + biases - entropy
    torch.testing.assert_close(found.double(), margin, atol=1e-4, rtol=1e-4)
