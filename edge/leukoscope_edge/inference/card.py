"""The card: everything that a model's numbers mean, beside its weights.

A bundle is a folder with `card.toml`, the model file and `golden.npz` (stored cells
with the answers that the exporter got). The card is read strictly: unknown, missing
or impossible entries are refused by name. The card says how a crop is cut, what the
outputs are, when a cell is called, how often healthy people's cells are called
wrongly, and on whom all this was measured.
"""

import dataclasses
import hashlib
import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from leukoscope_edge.config import read_toml
from leukoscope_edge.counting.fraction import CallModel, call_model
from leukoscope_edge.counting.statistics import BetaSpread
from leukoscope_edge.errors import CardError
from leukoscope_edge.types import Domain
from leukoscope_edge.vision.crop import CropSpec, Light

CARD_NAME = "card.toml"
FORMAT = 1
SHA256_HEX_DIGITS = 64


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


def _require_fraction(name: str, value: float) -> None:
    _require(0 <= value <= 1, f"'{name}' must lie in 0..1, got {value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """A file of the bundle, by plain name and sha256 (lower-case hex)."""

    name: str
    sha256: str

    def __post_init__(self) -> None:
        plain = self.name == Path(self.name).name and self.name not in ("", ".", "..")
        _require(plain, f"'name' must be a plain file name, got {self.name!r}")
        digits = set(self.sha256) <= set("0123456789abcdef")
        _require(
            digits and len(self.sha256) == SHA256_HEX_DIGITS,
            f"'sha256' of {self.name} must be {SHA256_HEX_DIGITS} hex digits",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkEntry:
    """What the model file holds."""

    architecture: str
    precision: Literal["int8", "fp32"]
    n_parameters: int


TEMPERATURES = 0.05, 20.0
"""Of calibration; those of the shipped cards are 0.394 and 1.0006. One far outside
makes every probability a half, or every one certain."""
MAX_BLAST_FROM = 0.95
"""The shipped cards' are 0.417 and 0.617; at 0.999 nothing is called blast."""
MAX_TOLERANCE = 0.5
"""Of a logit; the shipped cards' largest is 0.074. A large one lets any answer pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputEntry:
    """How a crop becomes the model's input.

    Attributes:
        side_px: The crop is side x side pixels.
        scale_um_per_px: Physical size of a crop's pixel.
        colour: How colour is made alike; `leukoscope_edge.vision.crop` names the ways.
        mean: Per RGB channel, subtracted from pixel / 255.
        std: Per RGB channel, divided by after that.
        light: Whether the light of the frame is taken out before the cut; cards from
            before this key mean "as-lit".
    """

    side_px: int
    scale_um_per_px: float
    colour: Literal["masked", "masked-standardised"]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    light: Light = "as-lit"

    def __post_init__(self) -> None:
        _require(
            16 <= self.side_px <= 1024,
            f"'side_px' must lie in 16..1024, got {self.side_px}",
        )
        _require(
            0.01 <= self.scale_um_per_px <= 2,
            f"'scale_um_per_px' must lie in 0.01..2, got {self.scale_um_per_px}",
        )
        _require(
            len(self.mean) == len(self.std) == 3, "'mean' and 'std' need 3 numbers each"
        )
        _require(min(self.std) > 0, "'std' must be positive")

    @property
    def crop_spec(self) -> CropSpec:
        """How a crop is cut for the model."""
        return CropSpec(
            side_px=self.side_px,
            scale_um_per_px=self.scale_um_per_px,
            colour=self.colour,
            light=self.light,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionEntry:
    """When a cell is called what.

    p_blast = sigmoid((logit_blast - logit_normal) / temperature). At or above
    `blast_from` the call is blast, at or below `normal_to` normal, between unclear.
    """

    temperature: float
    normal_to: float
    blast_from: float

    def __post_init__(self) -> None:
        low, high = TEMPERATURES
        _require(
            low <= self.temperature <= high,
            f"'temperature' must lie in {low}..{high}, got {self.temperature}",
        )
        _require(
            0 < self.normal_to <= self.blast_from < 1,
            f"expected 0 < normal_to <= blast_from < 1, got {self.normal_to} and "
            f"{self.blast_from}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickEntry:
    """A smaller network that is asked first.

    Where its own call is blast or normal by its own operating points, that call
    stands; where it is unclear, the deep network is asked.

    Attributes:
        model_cpu: Its file for ONNX Runtime.
        network: What it holds.
        decision: Its own temperature and operating points.
        model_trt: Its file for TensorRT.
        model_fp16: Its file for TensorRT on a GPU without int8.
        outliers: Its own limit of the distance; a cell beyond it goes to the deep
            network, whose word on that stands. There is one where the card has one.
    """

    model_cpu: FileEntry
    network: NetworkEntry
    decision: DecisionEntry
    outliers: "OutlierEntry | None" = None
    model_trt: FileEntry | None = None
    model_fp16: FileEntry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadEntry:
    """A beta distribution over people of the fraction of cells called blast."""

    alpha: float
    beta: float
    n_people: int

    def __post_init__(self) -> None:
        _require(
            self.alpha > 0 and self.beta > 0, "'alpha' and 'beta' must be positive"
        )
        _require(self.n_people >= 0, "'n_people' must not be negative")

    @property
    def mean(self) -> float:
        """The fraction over all people."""
        return self.alpha / (self.alpha + self.beta)

    @property
    def spread(self) -> BetaSpread:
        """The distribution alone."""
        return BetaSpread(alpha=self.alpha, beta=self.beta)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataEntry:
    """What the model was trained on."""

    source: str
    licence: str
    n_cells: int
    n_people: int
    split_sha256: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsEntry:
    """How well the quantised model does on people it never saw."""

    set: str
    n_cells: int
    n_people: int
    weighted_f1: float
    auroc: float
    sensitivity: float
    specificity: float
    ece: float

    def __post_init__(self) -> None:
        for name in ("weighted_f1", "auroc", "sensitivity", "specificity", "ece"):
            _require_fraction(name, getattr(self, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineEntry:
    """What the size of the cell alone reaches on the same people, as `MetricsEntry`."""

    weighted_f1: float
    auroc: float

    def __post_init__(self) -> None:
        for name in ("weighted_f1", "auroc"):
            _require_fraction(name, getattr(self, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConformalEntry:
    """Which classes cannot be ruled out, each held to the same error.

    Attributes:
        error: Share of a class that may be missed, each person counting alike.
        blast_from: Blast cannot be ruled out where p_blast is at least this.
        normal_to: Normal cannot be ruled out where p_blast is at most this.
        covered_blast: Mean over people left out of the share of blasts not ruled out.
        covered_normal: The same for normal cells.
    """

    error: float
    blast_from: float
    normal_to: float
    covered_blast: float
    covered_normal: float

    def __post_init__(self) -> None:
        for name in self.__slots__:
            _require_fraction(name, getattr(self, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlierEntry:
    """When a cell is unlike all that the model learned from.

    The model file then answers with a third number: the mean distance of the cell's
    features to those of the nearest cells it learned from. A cell beyond the limit is
    unclear, whatever its probability: of what it does not know a model may be certain.

    Attributes:
        distance_limit: The largest distance at which a call stands.
        turned_away: Share of the training people's cells beyond it, each measured to
            other people's cells alone and each person counting alike.
    """

    distance_limit: float
    turned_away: float

    def __post_init__(self) -> None:
        _require(
            self.distance_limit > 0,
            f"'distance_limit' must be positive, got {self.distance_limit}",
        )
        _require_fraction("turned_away", self.turned_away)


@dataclass(frozen=True, slots=True, kw_only=True)
class KindsEntry:
    """The kinds of cell that the model tells apart.

    The model file then answers, behind the logits of normal and blast, with a logit for
    every kind. Blast's is among them; the first number is the log-sum-exp of the rest.

    Attributes:
        names: The kinds in the order of their logits.
        blast: Which of them is the blast.
        precursor: Which of them is a normal precursor of lymphocytes: normal in marrow,
            unclear in blood, where it does not belong. "" where the model knows none.
        temperature: Of the kinds other than blast among themselves.
    """

    names: tuple[str, ...]
    blast: str
    precursor: str = ""
    temperature: float = 1.0

    def __post_init__(self) -> None:
        _require(len(set(self.names)) == len(self.names), "'names' repeats a kind")
        _require(self.blast in self.names, f"'blast' {self.blast!r} is no kind")
        _require(
            self.precursor in ("", *self.names),
            f"'precursor' {self.precursor!r} is no kind",
        )
        low, high = TEMPERATURES
        _require(
            low <= self.temperature <= high,
            f"'temperature' must lie in {low}..{high}, got {self.temperature}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOutEntry:
    """How a fit of the same recipe does on a laboratory that it never saw.

    Attributes:
        laboratory: Which one judged.
        network: Which network, in words.
        n_cells: Cells judged.
        auroc: Blast against all other kinds.
        low: Lower end of its 95 % interval.
        high: Upper end.
    """

    laboratory: str
    network: str
    n_cells: int
    auroc: float
    low: float
    high: float

    def __post_init__(self) -> None:
        for name in ("auroc", "low", "high"):
            _require_fraction(name, getattr(self, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class LaboratoriesEntry:
    """Which laboratories taught the model and which judged it.

    Attributes:
        taught: Their cells trained the model.
        judged: Their cells never did; operating points and spreads are from them.
        left_out: Fits that a laboratory was left out of.
    """

    taught: tuple[str, ...]
    judged: tuple[str, ...]
    left_out: tuple[LeftOutEntry, ...] = ()

    def __post_init__(self) -> None:
        both = sorted(set(self.taught) & set(self.judged))
        _require(not both, f"{', '.join(both)} taught and judged")


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenEntry:
    """Stored cells with the exporter's answers.

    Attributes:
        file: An .npz with `crops` (N, side, side, 3) uint8 and `logits` (N, A) float32,
            as the model file answers.
        logit_tolerance: Largest allowed difference of a logit on another processor.
        gpu_tolerance: The same on a GPU, whose file rounds elsewhere; None allows what
            a processor is allowed.
    """

    file: FileEntry
    logit_tolerance: float
    gpu_tolerance: float | None = None

    def __post_init__(self) -> None:
        for allowed in (self.logit_tolerance, self.allowed(is_accelerated=True)):
            _require(
                0 < allowed <= MAX_TOLERANCE,
                f"a tolerance must lie in 0..{MAX_TOLERANCE}, got {allowed}",
            )

    def allowed(self, *, is_accelerated: bool) -> float:
        """Return the largest allowed difference of a logit."""
        if is_accelerated and self.gpu_tolerance is not None:
            return self.gpu_tolerance
        return self.logit_tolerance


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineEntry:
    """A plan that was compiled on the workstation, for one GPU and one runtime.

    Attributes:
        file: The plan: machine code, trusted as far as the bundle's signature.
        runtime: What loads it; TensorRT itself compiles on the device alone.
        version: Of the runtime, in full: no other loads it.
        target: The GPU's compute capability, as "SM86".
        precision: Of the ONNX file that it was compiled from.
        model_sha256: Of that file.
    """

    file: FileEntry
    runtime: Literal["tensorrt-rtx"]
    version: str
    target: str
    precision: Literal["int8", "fp16"]
    model_sha256: str

    def __post_init__(self) -> None:
        _require(
            self.target[:2] == "SM" and self.target[2:].isdecimal(),
            f"'target' must be as SM86, got {self.target!r}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The whole card of one bundle.

    `model_trt` is the file from which a device with an NVIDIA GPU builds its own
    engine, `model_fp16` the one for a GPU without int8, `engines` are engines that are
    built already; `quick` makes the bundle a pair; `outliers` turns away cells unlike
    those it learned from; `size_only` and `conformal` tell a reader how far to trust
    it; `kinds` names what it tells apart, `laboratories` who taught and who judged.
    Cards without them are as good.
    `validation` says whether it was validated for care; no model here was. Of several
    shipped bundles of a domain the one with the highest `preference` serves.
    """

    format: int
    id: str
    created: str
    domain: Domain
    summary: str
    limits: tuple[str, ...]
    model_cpu: FileEntry
    network: NetworkEntry
    input: InputEntry
    decision: DecisionEntry
    false_calls: SpreadEntry
    true_calls: SpreadEntry
    data: DataEntry
    metrics: MetricsEntry
    golden: GoldenEntry
    model_trt: FileEntry | None = None
    model_fp16: FileEntry | None = None
    quick: QuickEntry | None = None
    size_only: BaselineEntry | None = None
    conformal: ConformalEntry | None = None
    outliers: OutlierEntry | None = None
    kinds: KindsEntry | None = None
    laboratories: LaboratoriesEntry | None = None
    validation: Literal["research", "clinical"] = "research"
    preference: int = 0
    engines: tuple[EngineEntry, ...] | None = None

    def __post_init__(self) -> None:
        _require(
            self.format == FORMAT,
            f"'format' {self.format} is not known here, expected {FORMAT}: "
            "update the software",
        )
        _require(bool(self.id), "'id' must not be empty")
        _require(
            self.decision.blast_from <= MAX_BLAST_FROM,
            f"'decision.blast_from' must be at most {MAX_BLAST_FROM}, got "
            f"{self.decision.blast_from}: beyond it hardly any cell is called blast",
        )
        _require(
            self.false_calls.mean < self.true_calls.mean,
            f"'false_calls' has a mean of {self.false_calls.mean:.2g} and 'true_calls' "
            f"of {self.true_calls.mean:.2g}: they are exchanged, or the model is none",
        )
        if self.quick is not None:
            _require_stricter(self.quick.decision, self.decision)
            _require(
                (self.outliers is None) == (self.quick.outliers is None),
                "'outliers' must stand on the card and in 'quick', or in neither",
            )

    @property
    def n_answers(self) -> int:
        """Numbers the model gives for a cell.

        Logits of normal and blast, one of every kind, the distance; the last two where
        the card has them.
        """
        n_kinds = 0 if self.kinds is None else len(self.kinds.names)
        return 2 + n_kinds + (self.outliers is not None)

    @property
    def digest(self) -> str:
        """Hash of what the card says: under another card weights are another model.

        What stands at its default is left out, so that an entry of a later program
        changes no digest of a card without it.
        """
        text = json.dumps(_said(self), sort_keys=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def is_research(self) -> bool:
        """Whether the model was never validated for care."""
        return self.validation == "research"

    @property
    def call_model(self) -> CallModel:
        """How its calls come about, for the statistics of a slide."""
        return call_model(self.true_calls.spread, self.false_calls.spread)


def _said(entry: Any) -> Any:
    """Return what an entry says beyond its defaults, as plain values."""
    if isinstance(entry, tuple):
        return [_said(e) for e in entry]
    if not dataclasses.is_dataclass(entry):
        return entry
    values = {f.name: (getattr(entry, f.name), f.default) for f in fields(entry)}
    return {k: _said(v) for k, (v, default) in values.items() if v != default}


def _require_stricter(quick: DecisionEntry, deep: DecisionEntry) -> None:
    """Otherwise a call of the quick network would be unclear to the card."""
    _require(
        quick.normal_to <= deep.normal_to and quick.blast_from >= deep.blast_from,
        "'quick.decision' must leave at least as much unclear as 'decision'",
    )


def read_card(folder: Path) -> Card:
    """Read the card of a bundle's folder.

    Raises:
        CardError: The card is missing or has an unknown, missing or impossible entry.
    """
    return read_toml(folder / CARD_NAME, Card, error=CardError)
