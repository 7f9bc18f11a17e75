"""The entries of a card that say on what a model was taught and how it was judged."""

from dataclasses import dataclass

from leukoscope_edge.inference.card_entries import require, require_fraction


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
            require_fraction(name, getattr(self, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineEntry:
    """What the size of the cell alone reaches on the same people, as `MetricsEntry`."""

    weighted_f1: float
    auroc: float

    def __post_init__(self) -> None:
        for name in ("weighted_f1", "auroc"):
            require_fraction(name, getattr(self, name))


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
            require_fraction(name, getattr(self, name))


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
        require(not both, f"{', '.join(both)} taught and judged")
