"""Laboratories judged by networks that never saw them, through their int8 files."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from leukoscope_edge.arrays import F32, F64, BoolArray
from leukoscope_edge.inference import InputEntry
from leukoscope_edge.types import Domain
from leukoscope_export.graphs import (
    Method,
    correct_biases,
    onnx_bytes,
    quantise_graph,
    run_onnx,
)
from leukoscope_export.points import Truth
from leukoscope_train.commands import SHOWN_UM, load_taught
from leukoscope_train.data import (
    HELD_OUT,
    KINDS,
    LabCells,
    Strings,
    draw_chances,
    join,
    load_cells,
    of_laboratories,
)
from leukoscope_train.errors import DataError
from leukoscope_train.evaluation import blast_margin, is_mature
from leukoscope_train.networks import INPUT_MEAN, INPUT_STD, Kinds, n_parameters
from leukoscope_train.teach import kept

N_CALIBRATION = 128
UNTAUGHT = -100.0
"""Logit of a kind that nobody taught."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedEvidence:
    """A laboratory, judged by networks that never saw it.

    Attributes:
        laboratory: Its name in the cells.
        cells: Files of `gather`.
        deep: Folder of the deep network's fit without it.
        quick: The same of the quick network; "" for no pair.
        decides: Operating points are chosen with it; else it is only reported.
    """

    laboratory: str
    cells: tuple[str, ...]
    deep: str
    quick: str = ""
    decides: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class KindNotes:
    """What a person writes of a release; the rest is measured.

    Attributes:
        deep_float_first: Convolutions that the deep network's file for TensorRT keeps
            in float, so that it answers like the other forms.
        quick_float_first: The same of the quick network.
    """

    id: str
    created: str
    domain: Domain
    summary: str
    limits: tuple[str, ...]
    source: str
    licence: str
    deep: str
    cells: tuple[str, ...]
    evidence: tuple[JudgedEvidence, ...]
    quick: str = ""
    method: Method = "minmax"
    deep_float_first: int = 0
    quick_float_first: int = 0
    preference: int = 0


class Network:
    """A taught network and its int8 files, made once."""

    def __init__(
        self, folder: Path, cells: LabCells, method: Method, float_first: int
    ) -> None:
        about = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
        self.folder, self.about = folder, about
        self.side_px = int(about["plan"]["side_px"])
        self.spec = input_entry(self.side_px)
        taught = of_laboratories(cells, about["laboratories"])
        self.cells = taught.pick(taught.splits != HELD_OUT)
        # Exported from the other layout the file would shuffle axes.
        network = load_taught(folder).to(memory_format=torch.contiguous_format)
        taught_kinds = set(self.cells.kinds.tolist())
        self.places = [i for i, kind in enumerate(KINDS) if kind in taught_kinds]
        if isinstance(network, Kinds):
            network.keep_kinds(self.places)
        self.n_parameters = n_parameters(network)
        fp32 = onnx_bytes(network, self.side_px)
        chosen = kept(self.drawn(N_CALIBRATION), self.side_px)
        self.files = correct_biases(
            quantise_graph(fp32, chosen, self.spec, method, float_first),
            chosen,
            self.spec,
        )

    def drawn(self, n_cells: int) -> LabCells:
        """Return cells drawn as they teach, always the same."""
        random = np.random.default_rng(0)
        chances = draw_chances(self.cells)
        return self.cells.pick(random.choice(len(self.cells), n_cells, p=chances))

    def logits(self, cells: LabCells, form: str = "cpu") -> F32:
        """Return (N, K) logits of all KINDS of a form of the file.

        Kinds that nobody taught stand far below the others.
        """
        crops = kept(cells, self.side_px)
        found = np.full((len(cells), len(KINDS)), UNTAUGHT, np.float32)
        own = run_onnx(getattr(self.files, form), crops, self.spec)[0]
        found[:, self.places] = own
        return found

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that its file answers, in order."""
        return tuple(KINDS[i] for i in self.places)


def input_entry(side_px: int) -> InputEntry:
    """Return the card's input of networks of kinds."""
    return InputEntry(
        side_px=side_px,
        scale_um_per_px=SHOWN_UM / side_px,
        colour="masked",
        light="white-balanced",
        mean=INPUT_MEAN,
        std=INPUT_STD,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Left-out cells with the word of both networks on each.

    Attributes:
        cells: N cells.
        kinds: (N, K) logits of the deep network's int8 file for the CPU, of all KINDS.
        deep: (N,) its margins of blast over all else.
        quick: The same of the quick network; None where there is none.
        decides: (N,) whether operating points are chosen with a cell.
    """

    cells: LabCells
    kinds: F32
    deep: F64
    quick: F64 | None
    decides: BoolArray

    @property
    def truth(self) -> Truth:
        """What is known of the cells."""
        return Truth(
            blast=self.cells.is_blast,
            mature=is_mature(self.cells),
            laboratories=self.cells.laboratories,
            decides=self.decides,
        )

    @property
    def groups(self) -> Strings:
        """(N,) the person where known, else the laboratory."""
        known = self.cells.people != ""
        return np.where(known, self.cells.people, self.cells.laboratories)

    def pick(self, chosen: BoolArray) -> "Judged":
        """Return the chosen cells."""
        return Judged(
            cells=self.cells.pick(chosen),
            kinds=self.kinds[chosen],
            deep=self.deep[chosen],
            quick=None if self.quick is None else self.quick[chosen],
            decides=self.decides[chosen],
        )


class Networks:
    """The networks of a release by folder, each quantised once."""

    def __init__(self, notes: KindNotes) -> None:
        self._notes = notes
        self.cells = join(load_cells(Path(path)) for path in notes.cells)
        self._made: dict[str, Network] = {}

    def of(self, folder: str) -> Network:
        """Return the network of a folder."""
        if folder not in self._made:
            notes = self._notes
            is_quick = folder == notes.quick or folder in {
                e.quick for e in notes.evidence
            }
            n_float = notes.quick_float_first if is_quick else notes.deep_float_first
            made = Network(Path(folder), self.cells, notes.method, n_float)
            self._made[folder] = made
        return self._made[folder]


def judged_by(networks: Networks, evidence: JudgedEvidence) -> Judged:
    """Judge a laboratory by networks that never saw it.

    Raises:
        DataError: One of them did.
    """
    every = join(load_cells(Path(path)) for path in evidence.cells)
    cells = of_laboratories(every, [evidence.laboratory])
    words = []
    for folder in filter(None, (evidence.deep, evidence.quick)):
        network = networks.of(folder)
        if evidence.laboratory in network.about["laboratories"]:
            raise DataError(
                f"{folder}: was taught by {evidence.laboratory}, which is to judge it"
            )
        words.append(network.logits(cells))
    return Judged(
        cells=cells,
        kinds=words[0],
        deep=blast_margin(words[0]),
        quick=blast_margin(words[1]) if evidence.quick else None,
        decides=np.full(len(cells), evidence.decides, np.bool_),
    )


def join_judged(parts: list[Judged]) -> Judged:
    """Return all cells of several laboratories."""
    quick = [p.quick for p in parts if p.quick is not None]
    return Judged(
        cells=join(p.cells for p in parts),
        kinds=np.concatenate([p.kinds for p in parts]),
        deep=np.concatenate([p.deep for p in parts]),
        quick=np.concatenate(quick) if len(quick) == len(parts) else None,
        decides=np.concatenate([p.decides for p in parts]),
    )
