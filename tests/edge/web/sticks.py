"""Sticks with releases of the simulated model, honest and broken."""

from dataclasses import replace
from pathlib import Path

from tests.edge.updates.conftest import Publisher

from leukoscope_edge.inference import shipped_bundle_for
from leukoscope_edge.updates import trust_root
from leukoscope_edge.web.device import Device


def make_publisher() -> Publisher:
    folder = shipped_bundle_for("simulated")
    return Publisher({p.name: p.read_bytes() for p in folder.iterdir()})


def write_release(publisher: Publisher, sequence: int, folder: Path) -> Path:
    """Write a stick with the shipped simulated model under another name."""
    name = f"simulated-{sequence + 1}"
    publisher.release(
        sequence,
        id=name,
        domain="simulated",
        card=lambda card: card.replace(b'"simulated-1"', f'"{name}"'.encode(), 1),
    )
    return publisher.write(folder)


def break_stick(folder: Path) -> None:
    """Cut the model on a stick short."""
    [model] = (folder / "LEUKOSCOPE-UPDATE/targets").glob("*.model.cpu.onnx")
    model.write_bytes(model.read_bytes()[:1000])


def trust(data: Path, publisher: Publisher, folder: Path) -> None:
    root = folder / "given-root.json"
    root.write_bytes(publisher.files["metadata/1.root.json"])
    trust_root(data, root)


def with_sticks(device: Device, *sticks: Path) -> Device:
    profile = replace(device.profile, sticks=tuple(map(str, sticks)))
    return replace(device, profile=profile)
