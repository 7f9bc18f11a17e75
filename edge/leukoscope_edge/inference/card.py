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
from leukoscope_edge.counting import CallModel, call_model
from leukoscope_edge.errors import CardError
from leukoscope_edge.inference.card_entries import (
    MAX_BLAST_FROM,
    MAX_DISTANCE_SHARE,
    ConformalEntry,
    DecisionEntry,
    EngineEntry,
    FileEntry,
    GoldenEntry,
    InputEntry,
    KindsEntry,
    MarrowEntry,
    NetworkEntry,
    OutlierEntry,
    QuickEntry,
    SpreadEntry,
    require,
)
from leukoscope_edge.inference.card_evidence import (
    BaselineEntry,
    DataEntry,
    LaboratoriesEntry,
    MetricsEntry,
)
from leukoscope_edge.types import Domain

CARD_NAME = "card.toml"
FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The whole card of one bundle.

    `model_trt` is the file from which a device with an NVIDIA GPU builds its own
    engine, `model_fp16` the one for a GPU without int8, `engines` are engines that are
    built already; `quick` makes the bundle a pair; `outliers` turns away cells unlike
    those it learned from; `size_only` and `conformal` tell a reader how far to trust
    it; `kinds` names what it tells apart, `laboratories` who taught and who judged;
    `marrow` says how much of a normal marrow it calls blast; `views` over how many
    quarter turns of a cell each network's answers are averaged (`views.py`): points,
    spreads and figures are of that mean, the stored cells' answers of one view.
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
    marrow: MarrowEntry | None = None
    validation: Literal["research", "clinical"] = "research"
    preference: int = 0
    views: Literal[1, 4] = 1
    engines: tuple[EngineEntry, ...] | None = None

    def __post_init__(self) -> None:
        require(
            self.format == FORMAT,
            f"'format' {self.format} is not known here, expected {FORMAT}: "
            "update the software",
        )
        require(bool(self.id), "'id' must not be empty")
        require(
            self.decision.blast_from <= MAX_BLAST_FROM,
            f"'decision.blast_from' must be at most {MAX_BLAST_FROM}, got "
            f"{self.decision.blast_from}: beyond it hardly any cell is called blast",
        )
        require(
            self.false_calls.mean < self.true_calls.mean,
            f"'false_calls' has a mean of {self.false_calls.mean:.2g} and 'true_calls' "
            f"of {self.true_calls.mean:.2g}: they are exchanged, or the model is none",
        )
        _require_distance_tolerance(self.golden, self.outliers)
        if self.quick is not None:
            _require_distance_tolerance(self.golden, self.quick.outliers)
            _require_stricter(self.quick.decision, self.decision)
            require(
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


def _require_distance_tolerance(
    golden: GoldenEntry, outliers: OutlierEntry | None
) -> None:
    """Otherwise an engine could lose the outlier test and pass the self-test."""
    allowed = golden.gpu_distance_tolerance
    if allowed is None:
        return
    require(
        outliers is not None,
        "'golden.gpu_distance_tolerance' needs 'outliers': there is no distance",
    )
    most = MAX_DISTANCE_SHARE * (outliers.distance_limit if outliers else 0.0)
    require(
        0 < allowed <= most,
        f"'golden.gpu_distance_tolerance' must lie in 0..{most:.3g}, a tenth of the "
        f"limit, got {allowed}",
    )


def _require_stricter(quick: DecisionEntry, deep: DecisionEntry) -> None:
    """Otherwise a call of the quick network would be unclear to the card."""
    require(
        quick.normal_to <= deep.normal_to and quick.blast_from >= deep.blast_from,
        "'quick.decision' must leave at least as much unclear as 'decision'",
    )


def read_card(folder: Path) -> Card:
    """Read the card of a bundle's folder.

    Raises:
        CardError: The card is missing or has an unknown, missing or impossible entry.
    """
    return read_toml(folder / CARD_NAME, Card, error=CardError)
