"""Engines compiled ahead, on a machine without a GPU, and what became of each layer.

TensorRT for RTX is NVIDIA's own parser and compiler. It compiles for a named compute
capability, so that a bundle can carry the engine of a device's GPU, and it lists how it
runs each layer, so that a release can see that its convolutions are int8. Nothing is
run: that the answers are right only the device can say, and it does before it serves.

Each file is compiled in a process of its own: after a compilation that failed, the next
one in the same process computed its convolutions in float32 (1.7.1), without a word.
"""

import hashlib
import importlib
import re
import shutil
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from leukoscope_edge.errors import EngineFault
from leukoscope_edge.inference import (
    CARD_NAME,
    Bundle,
    Card,
    EngineEntry,
    FileEntry,
    open_bundle,
)
from leukoscope_edge.inference.nvidia import (
    INT8_FROM,
    MODULES,
    SPOKEN,
    Form,
    build,
    listener,
)
from leukoscope_train.children import spawned
from leukoscope_train.toml import as_toml

TARGET = re.compile(r"SM(\d+)(\d)")
WEIGHTED_KINDS = ("correlation", "gemm")
"""What the compiler calls convolutions and dense layers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """How the compiler runs a layer.

    Attributes:
        name: The compiler's; of a convolution it begins with the ONNX node's.
        kind: The compiler's word, as "correlation".
        types: Of its inputs and constants, as "Int8", in their order.
    """

    name: str
    kind: str
    types: tuple[str, ...]

    @property
    def is_weighted(self) -> bool:
        """Whether it is a convolution or a dense layer."""
        return self.kind in WEIGHTED_KINDS

    @property
    def is_int8(self) -> bool:
        """Whether it multiplies int8 by int8."""
        return self.types[:2] == ("Int8", "Int8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """An engine, what compiled it and how it runs the layers."""

    plan: bytes
    version: str
    layers: tuple[Layer, ...]


def compile_for(form: Form, side_px: int, target: str) -> Compiled:
    """Compile an ONNX file for a GPU that need not be here.

    Args:
        form: The file.
        side_px: Side of the crops.
        target: Compute capability, as "SM86".

    Raises:
        EngineFault: TensorRT for RTX is not installed, or refuses the file.
    """
    with spawned(1) as child:
        try:
            return child.submit(_compile, form, side_px, target).result()
        except BrokenProcessPool as err:
            raise EngineFault(f"NVIDIA's compiler died over {target}") from err


def _compile(form: Form, side_px: int, target: str) -> Compiled:
    try:
        trt = importlib.import_module(MODULES["tensorrt-rtx"])
    except (ImportError, OSError) as err:
        raise EngineFault(
            f"{SPOKEN['tensorrt-rtx']} does not load ({err}); "
            'install it: pip install "leukoscope[rtx]"'
        ) from err
    log = listener(trt)
    plan = build(trt, log, form, side_px, target=target)
    layers = tuple(layer for line in log.layers if (layer := _layer(line)))
    return Compiled(plan=plan, version=str(trt.__version__), layers=layers)


def _layer(line: str) -> Layer | None:
    found = re.match(r"Name: (.*?), LayerType: (\w+), (.*?)Outputs: ", line)
    if found is None:
        return None
    name, kind, inputs = found.groups()
    return Layer(
        name=name, kind=kind, types=tuple(re.findall(r"Datatype: (\w+)", inputs))
    )


def add_engines(folder: Path, targets: list[str]) -> str:
    """Compile a bundle's model for some GPUs and put the engines into the bundle.

    Earlier engines for the same GPUs are replaced. The bundle has to be signed anew.

    Args:
        folder: The bundle.
        targets: Compute capabilities, as "SM86".

    Returns:
        A line an engine.

    Raises:
        EngineFault: The bundle has no file for a GPU, or the compiler refuses it.
    """
    bundle, lines = open_bundle(folder), []
    for target in targets:
        form = _form_for(bundle, target)
        compiled = compile_for(form, bundle.card.input.side_px, target)
        entry = _entry(target, form, compiled)
        (folder / entry.file.name).write_bytes(compiled.plan)
        _write_card(folder, _with_engine(open_bundle(folder).card, entry))
        lines.append(f"{folder / entry.file.name}: {_told(compiled)}")
    return "\n".join(lines)


def _form_for(bundle: Bundle, target: str) -> Form:
    if bundle.quick is not None:
        raise EngineFault(
            f"{bundle.card.id}: engines of a pair are built on the device"
        )
    found = TARGET.fullmatch(target)
    if found is None:
        raise EngineFault(f"a GPU is named by its capability, as SM86, not {target!r}")
    capability = int(found[1]), int(found[2])
    if capability >= INT8_FROM["tensorrt-rtx"] and bundle.model_trt is not None:
        return Form(precision="int8", model=bundle.model_trt)
    if bundle.model_fp16 is not None:
        return Form(precision="fp16", model=bundle.model_fp16)
    raise EngineFault(f"{bundle.card.id}: has no file that {target} can run")


def _entry(target: str, form: Form, compiled: Compiled) -> EngineEntry:
    digest = hashlib.sha256(compiled.plan).hexdigest()
    return EngineEntry(
        file=FileEntry(name=f"model.{target.lower()}.rtx", sha256=digest),
        runtime="tensorrt-rtx",
        version=compiled.version,
        target=target,
        precision=form.precision,
        model_sha256=hashlib.sha256(form.model).hexdigest(),
    )


def _with_engine(card: Card, entry: EngineEntry) -> Card:
    others = (e for e in card.engines or () if e.file.name != entry.file.name)
    return replace(card, engines=(*others, entry))


def _write_card(folder: Path, card: Card) -> None:
    with TemporaryDirectory(dir=folder.parent) as aside:
        path = Path(aside) / CARD_NAME
        path.write_text(as_toml(card), encoding="utf-8")
        shutil.move(path, folder / CARD_NAME)


def _told(compiled: Compiled) -> str:
    weighted = [layer for layer in compiled.layers if layer.is_weighted]
    n_int8 = sum(layer.is_int8 for layer in weighted)
    return (
        f"{len(compiled.plan)} bytes, {n_int8} of {len(weighted)} layers with weights "
        "in int8"
    )
