"""Sticks of signed releases, and a bundle as large as wished, to break updates with."""

import hashlib
import io
import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from securesystemslib.signer import CryptoSigner

from leukoscope_edge.inference import (
    Card,
    FileEntry,
    OnnxCpuEngine,
    open_bundle,
    read_card,
    shipped_bundles,
)
from leukoscope_export.signing import tuf_repository
from leukoscope_train.toml import as_toml

N_RELEASES = 8
NOTES = tuf_repository.PublishNotes(
    epoch=0,
    sequence=1,
    issued="2026-12-01",
    review_by="2099-01-01",
    min_software="0",
    max_software="99",
    machines=(os.uname().machine,),
    revokes=(),
    supersedes="",
    git_commit="",
    note="made by a fault rig",
)


@dataclass(frozen=True)
class Rig:
    """Sticks of releases 1 to N, and the root that they are signed under."""

    sticks: tuple[Path, ...]
    root: Path


def make_rig(
    folder: Path,
    bundle: Path,
    n_releases: int = N_RELEASES,
    notes: tuf_repository.PublishNotes = NOTES,
) -> Rig:
    """Sign releases of a bundle and write a stick for each."""
    keys = [CryptoSigner.generate_ed25519() for _ in range(6)]
    repository = tuf_repository.Repository(folder / "repository")
    root = tuf_repository.draft_root(
        repository,
        root=[k.public_key for k in keys[:3]],
        targets=[k.public_key for k in keys[3:5]],
        release=keys[5].public_key,
    )
    for key in keys[:2]:
        tuf_repository.sign(root, key)
    sticks = []
    for sequence in range(1, n_releases + 1):
        numbered = replace(notes, sequence=sequence)
        targets = tuf_repository.draft_release(repository, bundle, numbered)
        for key in keys[3:5]:
            tuf_repository.sign(targets, key)
        tuf_repository.seal(repository, keys[5])
        sticks.append(
            tuf_repository.write_stick(repository, folder / f"stick{sequence}")
        )
    return Rig(tuple(sticks), root)


def write_large_bundle(folder: Path, mib: int) -> Path:
    """Write a bundle whose model holds random weights of so many MiB."""
    card = read_card(shipped_bundles()["simulated-1"])
    n_in = 3 * card.input.side_px**2
    n_hidden = (mib << 20) // (4 * n_in)
    weights = np.random.default_rng(0).normal(0, 0.01, (n_in, n_hidden))
    out = np.random.default_rng(1).normal(0, 0.1, (n_hidden, 2))
    nodes = [
        helper.make_node("Flatten", ["input"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["hidden"]),
        helper.make_node("Relu", ["hidden"], ["active"]),
        helper.make_node("MatMul", ["active", "v"], ["logits"]),
    ]
    side, kind = card.input.side_px, TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "large",
        [helper.make_tensor_value_info("input", kind, ["n", 3, side, side])],
        [helper.make_tensor_value_info("logits", kind, ["n", 2])],
        [
            numpy_helper.from_array(weights.astype(np.float32), "w"),
            numpy_helper.from_array(out.astype(np.float32), "v"),
        ],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 8
    return _written(folder, card, made.SerializeToString())


def _written(folder: Path, card: Card, model: bytes) -> Path:
    """Write a bundle around a model, with the answers that it gives here."""
    folder.mkdir()
    shipped = open_bundle(shipped_bundles()[card.id])
    with OnnxCpuEngine(replace(shipped, model=model)) as engine:
        logits = engine.run(shipped.golden.crops)
    golden = io.BytesIO()
    np.savez(golden, crops=shipped.golden.crops, logits=logits)
    described = replace(
        card,
        id="large",
        model_cpu=_entry(card.model_cpu.name, model),
        model_trt=None,
        golden=replace(
            card.golden, file=_entry(card.golden.file.name, golden.getvalue())
        ),
    )
    (folder / card.model_cpu.name).write_bytes(model)
    (folder / card.golden.file.name).write_bytes(golden.getvalue())
    (folder / "card.toml").write_text(as_toml(described), encoding="utf-8")
    return folder


def _entry(name: str, data: bytes) -> FileEntry:
    return FileEntry(name=name, sha256=hashlib.sha256(data).hexdigest())
