"""The entries of a bundle's card, each with its ranges checked."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from leukoscope_edge.counting import BetaSpread
from leukoscope_edge.vision import CropSpec, Light

SHA256_HEX_DIGITS = 64


def require(condition: bool, message: str) -> None:
    """Raise a `CardError` that says what an entry must be, where it is not so."""
    if not condition:
        raise ValueError(message)


def require_fraction(name: str, value: float) -> None:
    """Raise a `CardError` where a value does not lie in 0..1."""
    require(0 <= value <= 1, f"'{name}' must lie in 0..1, got {value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """A file of the bundle, by plain name and sha256 (lower-case hex)."""

    name: str
    sha256: str

    def __post_init__(self) -> None:
        plain = self.name == Path(self.name).name and self.name not in ("", ".", "..")
        require(plain, f"'name' must be a plain file name, got {self.name!r}")
        digits = set(self.sha256) <= set("0123456789abcdef")
        require(
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
"""Of a logit. A large one lets any answer pass."""
MAX_DISTANCE_SHARE = 0.1
"""Of the limit of the outlier test: ResNet-50's file for TensorRT moves its distances
by 0.57, and its limit is 11.1."""


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
        require(
            16 <= self.side_px <= 1024,
            f"'side_px' must lie in 16..1024, got {self.side_px}",
        )
        require(
            0.01 <= self.scale_um_per_px <= 2,
            f"'scale_um_per_px' must lie in 0.01..2, got {self.scale_um_per_px}",
        )
        require(
            len(self.mean) == len(self.std) == 3, "'mean' and 'std' need 3 numbers each"
        )
        require(min(self.std) > 0, "'std' must be positive")

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
        require(
            low <= self.temperature <= high,
            f"'temperature' must lie in {low}..{high}, got {self.temperature}",
        )
        require(
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
        require(self.alpha > 0 and self.beta > 0, "'alpha' and 'beta' must be positive")
        require(self.n_people >= 0, "'n_people' must not be negative")

    @property
    def mean(self) -> float:
        """The fraction over all people."""
        return self.alpha / (self.alpha + self.beta)

    @property
    def spread(self) -> BetaSpread:
        """The distribution alone."""
        return BetaSpread(alpha=self.alpha, beta=self.beta)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarrowEntry:
    """How much of a normal marrow the model calls blast.

    It forbids a finding by a count alone and changes nothing else.

    Attributes:
        alpha: Of a beta distribution over healthy people of the share called blast.
        beta: The same.
        n_cells: Cells that were called and are of kinds of a normal marrow.
        is_in_sample: A laboratory that taught the model measured it.
        composition: Where the shares of kinds in a normal marrow are from.
    """

    alpha: float
    beta: float
    n_cells: int
    is_in_sample: bool
    composition: str

    def __post_init__(self) -> None:
        require(self.alpha > 0 and self.beta > 0, "'alpha' and 'beta' must be positive")
        require(self.n_cells > 0, "'n_cells' must be positive")

    @property
    def spread(self) -> BetaSpread:
        """The distribution alone."""
        return BetaSpread(alpha=self.alpha, beta=self.beta)


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
            require_fraction(name, getattr(self, name))


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
        require(
            self.distance_limit > 0,
            f"'distance_limit' must be positive, got {self.distance_limit}",
        )
        require_fraction("turned_away", self.turned_away)


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
        require(len(set(self.names)) == len(self.names), "'names' repeats a kind")
        require(self.blast in self.names, f"'blast' {self.blast!r} is no kind")
        require(
            self.precursor in ("", *self.names),
            f"'precursor' {self.precursor!r} is no kind",
        )
        low, high = TEMPERATURES
        require(
            low <= self.temperature <= high,
            f"'temperature' must lie in {low}..{high}, got {self.temperature}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenEntry:
    """Stored cells with the exporter's answers.

    Attributes:
        file: An .npz with `crops` (N, side, side, 3) uint8 and `logits` (N, A) float32,
            as the model file answers.
        logit_tolerance: Largest allowed difference of a logit on another processor.
        gpu_tolerance: The same on a GPU, whose file rounds elsewhere; None allows what
            a processor is allowed.
        gpu_distance_tolerance: Of the outlier test's distance on a GPU, which is no
            logit; None: as of one. A card without that test has none.
    """

    file: FileEntry
    logit_tolerance: float
    gpu_tolerance: float | None = None
    gpu_distance_tolerance: float | None = None

    def __post_init__(self) -> None:
        for allowed in (self.logit_tolerance, self.allowed(is_accelerated=True)):
            require(
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
        require(
            self.target[:2] == "SM" and self.target[2:].isdecimal(),
            f"'target' must be as SM86, got {self.target!r}",
        )
