"""Each entry of a card alone: the last value that may be, the first that may not."""

from typing import Any

import pytest

from leukoscope_edge.inference.card_entries import (
    MAX_TOLERANCE,
    TEMPERATURES,
    DecisionEntry,
    EngineEntry,
    FileEntry,
    GoldenEntry,
    InputEntry,
    KindsEntry,
    MarrowEntry,
    OutlierEntry,
    SpreadEntry,
    require_fraction,
)
from leukoscope_edge.inference.card_entries import ConformalEntry as Conformal

SHA256 = "0" * 64
FILE = FileEntry(name="model.onnx", sha256=SHA256)
VALID: dict[type, dict[str, Any]] = {
    FileEntry: {"name": "model.onnx", "sha256": SHA256},
    InputEntry: {
        "side_px": 64,
        "scale_um_per_px": 0.16,
        "colour": "masked",
        "mean": (0.5, 0.5, 0.5),
        "std": (0.2, 0.2, 0.2),
    },
    DecisionEntry: {"temperature": 1.0, "normal_to": 0.4, "blast_from": 0.6},
    SpreadEntry: {"alpha": 1.0, "beta": 9.0, "n_people": 11},
    Conformal: dict.fromkeys(Conformal.__slots__, 0.5),
    OutlierEntry: {"distance_limit": 11.1, "turned_away": 0.05},
    MarrowEntry: {
        "alpha": 2.0,
        "beta": 8.0,
        "n_cells": 1,
        "is_in_sample": True,
        "composition": "a book",
    },
    KindsEntry: {"names": ("blast", "lymphocyte"), "blast": "blast"},
    GoldenEntry: {"file": FILE, "logit_tolerance": 0.1},
    EngineEntry: {
        "file": FILE,
        "runtime": "tensorrt-rtx",
        "version": "1.7.1.116",
        "target": "SM86",
        "precision": "int8",
        "model_sha256": SHA256,
    },
}


def made(kind: type, **changes: Any) -> Any:
    return kind(**(VALID[kind] | changes))


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        *((kind, {}) for kind in VALID),
        (InputEntry, {"side_px": 16}),
        (InputEntry, {"side_px": 1024}),
        (InputEntry, {"scale_um_per_px": 0.01}),
        (InputEntry, {"scale_um_per_px": 2}),
        (DecisionEntry, {"temperature": TEMPERATURES[0]}),
        (DecisionEntry, {"temperature": TEMPERATURES[1]}),
        (DecisionEntry, {"normal_to": 0.6}),
        (SpreadEntry, {"n_people": 0}),
        (SpreadEntry, {"alpha": 0.2, "beta": 0.2}),
        (MarrowEntry, {"alpha": 0.2, "beta": 0.2}),
        (OutlierEntry, {"distance_limit": 0.5}),
        (Conformal, {"error": 0.0, "blast_from": 1.0}),
        (OutlierEntry, {"turned_away": 0.0}),
        (KindsEntry, {"precursor": "lymphocyte"}),
        (GoldenEntry, {"logit_tolerance": MAX_TOLERANCE}),
        (EngineEntry, {"target": "SM120"}),
    ],
)
def test_an_entry_may_be_at_its_limits(kind: type, changes: dict[str, Any]) -> None:
    made(kind, **changes)


@pytest.mark.parametrize(
    ("kind", "changes", "said"),
    [
        (FileEntry, {"name": ""}, "plain file name"),
        (FileEntry, {"name": "."}, "plain file name"),
        (FileEntry, {"name": "a/b"}, "plain file name"),
        (FileEntry, {"name": "/etc/passwd"}, "plain file name"),
        (FileEntry, {"sha256": "0" * 63}, "64 hex digits"),
        (FileEntry, {"sha256": "A" * 64}, "64 hex digits"),
        (InputEntry, {"side_px": 15}, "'side_px'"),
        (InputEntry, {"side_px": 1025}, "'side_px'"),
        (InputEntry, {"scale_um_per_px": 0.0099}, "'scale_um_per_px'"),
        (InputEntry, {"scale_um_per_px": 2.01}, "'scale_um_per_px'"),
        (InputEntry, {"mean": (0.5, 0.5)}, "3 numbers each"),
        (InputEntry, {"std": (0.2, 0.2, 0.2, 0.2)}, "3 numbers each"),
        (InputEntry, {"std": (0.2, 0.0, 0.2)}, "'std' must be positive"),
        (DecisionEntry, {"temperature": 0.049}, "'temperature'"),
        (DecisionEntry, {"temperature": 20.1}, "'temperature'"),
        (DecisionEntry, {"normal_to": 0.0}, "normal_to <= blast_from"),
        (DecisionEntry, {"blast_from": 1.0}, "normal_to <= blast_from"),
        (DecisionEntry, {"normal_to": 0.61}, "normal_to <= blast_from"),
        (SpreadEntry, {"alpha": 0.0}, "must be positive"),
        (SpreadEntry, {"beta": 0.0}, "must be positive"),
        (SpreadEntry, {"n_people": -1}, "must not be negative"),
        *((Conformal, {n: 1.01}, f"'{n}'") for n in Conformal.__slots__),
        (OutlierEntry, {"distance_limit": 0.0}, "'distance_limit'"),
        (OutlierEntry, {"turned_away": -0.01}, "'turned_away'"),
        (MarrowEntry, {"alpha": 0.0}, "must be positive"),
        (MarrowEntry, {"beta": 0.0}, "must be positive"),
        (MarrowEntry, {"n_cells": 0}, "'n_cells' must be positive"),
        (KindsEntry, {"names": ("blast", "blast")}, "repeats a kind"),
        (KindsEntry, {"blast": "cell"}, "'cell' is no kind"),
        (KindsEntry, {"precursor": "egg"}, "'egg' is no kind"),
        (KindsEntry, {"temperature": 0.0}, "'temperature'"),
        (GoldenEntry, {"logit_tolerance": 0.0}, "a tolerance must lie"),
        (GoldenEntry, {"logit_tolerance": 0.6, "gpu_tolerance": 0.1}, "a tolerance"),
        (GoldenEntry, {"gpu_tolerance": MAX_TOLERANCE + 0.01}, "a tolerance must lie"),
        (EngineEntry, {"target": "86"}, "must be as SM86"),
        (EngineEntry, {"target": "SM"}, "must be as SM86"),
    ],
)
def test_an_impossible_entry_is_refused_by_name(
    kind: type, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        made(kind, **changes)


@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan")])
def test_a_share_lies_between_nothing_and_all(value: float) -> None:
    with pytest.raises(ValueError, match=r"'auroc' must lie in 0\.\.1"):
        require_fraction("auroc", value)


@pytest.mark.parametrize(
    ("gpu_tolerance", "is_accelerated", "allowed"),
    [(None, False, 0.1), (None, True, 0.1), (0.3, False, 0.1), (0.3, True, 0.3)],
)
def test_a_gpu_may_be_allowed_more_and_a_processor_is_not(
    gpu_tolerance: float | None, is_accelerated: bool, allowed: float
) -> None:
    golden = made(GoldenEntry, gpu_tolerance=gpu_tolerance)
    assert golden.allowed(is_accelerated=is_accelerated) == allowed


def test_the_crop_is_cut_as_the_card_says() -> None:
    entry = made(InputEntry, colour="masked-standardised", light="white-balanced")
    spec = entry.crop_spec
    assert (spec.side_px, spec.scale_um_per_px) == (64, 0.16)
    assert (spec.colour, spec.light) == ("masked-standardised", "white-balanced")


def test_what_a_card_does_not_say_changes_nothing() -> None:
    kinds, golden = made(KindsEntry), made(GoldenEntry)
    assert (kinds.precursor, kinds.temperature) == ("", 1.0)
    assert (golden.gpu_tolerance, golden.gpu_distance_tolerance) == (None, None)
    assert made(InputEntry).light == "as-lit"


def test_the_mean_of_a_spread_is_the_fraction_over_all_people() -> None:
    entry = made(SpreadEntry, alpha=1.0, beta=3.0)
    assert entry.mean == 0.25
    assert (entry.spread.alpha, entry.spread.beta) == (1.0, 3.0)
