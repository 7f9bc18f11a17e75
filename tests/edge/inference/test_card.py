from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from leukoscope_edge.counting import call_model
from leukoscope_edge.errors import CardError
from leukoscope_edge.inference import (
    MAX_TOLERANCE,
    DecisionEntry,
    OutlierEntry,
)
from leukoscope_edge.inference.card import _require_stricter, read_card
from leukoscope_edge.inference.card_entries import MAX_BLAST_FROM, TEMPERATURES

BEFORE_KINDS = """\
format = 1
id = "cnmc-lite0-1"
created = "2026-11-26"
domain = "real"
summary = "asks for the kind first, then for blasts"
limits = ["Research use. It flags cells for review; it does not diagnose."]
model_cpu = { name = "model.cpu.onnx", sha256 = "{SHA256}" }
network = { architecture = "a", precision = "int8", n_parameters = 3374851 }
decision = { temperature = 1.0006, normal_to = 0.5648, blast_from = 0.6169 }
false_calls = { alpha = 6.1242, beta = 23.5142, n_people = 9 }
true_calls = { alpha = 4.6955, beta = 1.2959, n_people = 25 }
size_only = { weighted_f1 = 0.7839, auroc = 0.8498 }
outliers = { distance_limit = 9.4607, turned_away = 0.0497 }

[input]
side_px = 96
scale_um_per_px = 0.21333333333333335
colour = "masked-standardised"
mean = [0.25, 0.25, 0.25]
std = [0.25, 0.25, 0.25]

[data]
source = "C-NMC 2019 and PBC"
licence = "CC BY 3.0 and CC BY 4.0"
n_cells = 6494
n_people = 34
split_sha256 = "{SHA256}"
command = "python -m leukoscope_train fit"

[metrics]
set = "the training cells, each judged by a network that never saw its person"
n_cells = 6494
n_people = 34
weighted_f1 = 0.8012
auroc = 0.8657
sensitivity = 0.8269
specificity = 0.7391
ece = 0.1

[golden]
logit_tolerance = 0.005
file = { name = "golden.npz", sha256 = "{SHA256}" }

[conformal]
error = 0.1
blast_from = 0.4097
normal_to = 0.7536
covered_blast = 0.8974
covered_normal = 0.8998
""".replace("{SHA256}", "af602ec9b4bb0143a76beb95d676343b" * 2)
"""A card as one that shipped once: no kinds, laboratories or file for a GPU."""


def test_reads_a_whole_card(bundle_folder: Path) -> None:
    card = read_card(bundle_folder)
    assert card.domain == "real"
    assert card.input.mean == (0.0, 0.0, 0.0)
    spreads = card.true_calls.spread, card.false_calls.spread
    assert spreads[0] != spreads[1]
    assert card.call_model == call_model(*spreads)


def change_card(folder: Path, old: str, new: str) -> None:
    text = (folder / "card.toml").read_text()
    assert old in text
    (folder / "card.toml").write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("format = 1", "format = 2", "update the software"),
        ('domain = "real"', 'domain = "dream"', "'domain' must be one of"),
        ('domain = "real"', "", "missing key 'domain'"),
        ("side_px = 32", "side_px = 0", "'side_px' must lie in 16..1024"),
        ("side_px = 32", "side_px = 32\nspeed = 1", "unknown key 'input.speed'"),
        ("0.5\ncolour", "9.0\ncolour", "'scale_um_per_px' must lie in"),
        ("std = [1.0, 1.0, 1.0]", "std = [1.0, 1.0]", "3 numbers each"),
        ("std = [1.0, 1.0, 1.0]", "std = [1.0, 0.0, 1.0]", "must be positive"),
        ("temperature = 1.0", "temperature = 0.0", "'temperature' must lie in"),
        ("temperature = 1.0", "temperature = inf", "must be a finite number"),
        ("temperature = 1.0", "temperature = nan", "must be a finite number"),
        ("temperature = 1.0", "temperature = 50.0", "'temperature' must lie in"),
        ("blast_from = 0.6", "blast_from = 0.999", "'decision.blast_from' must be"),
        ("tolerance = 0.001", "tolerance = inf", "must be a finite number"),
        ("tolerance = 0.001", "tolerance = 0.6", "a tolerance must lie in"),
        (
            "tolerance = 0.001",
            "tolerance = 0.001\ngpu_distance_tolerance = 0.1",
            "'golden.gpu_distance_tolerance' needs 'outliers'",
        ),
        ("normal_to = 0.4", "normal_to = 0.7", "normal_to <= blast_from"),
        ("alpha = 1.0", "alpha = 999999.0", "they are exchanged"),
        ("alpha = 1.0", "alpha = 891.0", "they are exchanged"),  # both means are 0.9
        ("alpha = 1.0", "alpha = 0.0", "'alpha' and 'beta' must be positive"),
        ("auroc = 0.5", "auroc = 1.5", "'auroc' must lie in 0..1"),
        ('name = "golden.npz"', 'name = "../golden.npz"', "plain file name"),
        ('name = "golden.npz"', 'name = ".."', "plain file name"),
        ('id = "red-test"', 'id = ""', "'id' must not be empty"),
        ("format = 1", "format = 1\nviews = 2", "'views' must be one of 1, 4"),
    ],
)
def test_refuses_an_impossible_entry_by_name(
    bundle_folder: Path, old: str, new: str, message: str
) -> None:
    change_card(bundle_folder, old, new)
    with pytest.raises(CardError, match=message):
        read_card(bundle_folder)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("blast_from = 0.6", f"blast_from = {MAX_BLAST_FROM}"),
        ("tolerance = 0.001", f"tolerance = {MAX_TOLERANCE}"),
        ("side_px = 32", "side_px = 1024"),
        ("side_px = 32", "side_px = 16"),
        ("0.5\ncolour", "2.0\ncolour"),
        ("0.5\ncolour", "0.01\ncolour"),
        ("temperature = 1.0", f"temperature = {TEMPERATURES[0]}"),
        ("temperature = 1.0", f"temperature = {TEMPERATURES[1]}"),
        ("normal_to = 0.4", "normal_to = 0.6"),
        ("auroc = 0.5", "auroc = 1.0"),
        ("auroc = 0.5", "auroc = 0.0"),
        ("n_people = 11", "n_people = 0"),
    ],
)
def test_the_last_possible_entry_is_read(
    bundle_folder: Path, old: str, new: str
) -> None:
    change_card(bundle_folder, old, new)
    read_card(bundle_folder)


def test_a_card_from_before_turned_views_means_one(bundle_folder: Path) -> None:
    before = read_card(bundle_folder)
    path = bundle_folder / "card.toml"
    assert "views" not in path.read_text()
    assert before.views == 1
    path.write_text(path.read_text().replace("format = 1", "format = 1\nviews = 4", 1))
    after = read_card(bundle_folder)
    assert after.views == 4
    assert after.digest != before.digest == replace(after, views=1).digest


def test_the_digest_is_of_what_the_card_says_beyond_its_defaults(
    bundle_folder: Path,
) -> None:
    card = read_card(bundle_folder)
    decision = replace(card.decision, blast_from=0.7)
    assert replace(card, decision=decision).digest != card.digest
    assert replace(card, validation="clinical").digest != card.digest
    path = bundle_folder / "card.toml"
    path.write_text(
        path.read_text().replace("format = 1", 'format = 1\nvalidation = "research"')
    )
    assert read_card(bundle_folder).digest == card.digest


@pytest.mark.parametrize(
    ("normal_to", "blast_from", "is_stricter"),
    [
        (0.4, 0.6, True),
        (0.3, 0.7, True),
        (0.41, 0.7, False),
        (0.3, 0.59, False),
    ],
)
def test_a_quick_network_leaves_at_least_as_much_unclear(
    normal_to: float, blast_from: float, *, is_stricter: bool
) -> None:
    deep = DecisionEntry(temperature=1.0, normal_to=0.4, blast_from=0.6)
    quick = replace(deep, normal_to=normal_to, blast_from=blast_from)
    try:
        _require_stricter(quick, deep)
    except ValueError:
        assert not is_stricter
    else:
        assert is_stricter


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("[size_only]\nweighted_f1 = 0.8\nauroc = 1.1", "'auroc' must lie in 0..1"),
        ("[conformal]\nerror = 0.1", "missing key 'conformal.blast_from'"),
    ],
)
def test_what_says_how_far_to_trust_a_card_is_read_as_strictly(
    bundle_folder: Path, entry: str, message: str
) -> None:
    assert read_card(bundle_folder).size_only is None
    path = bundle_folder / "card.toml"
    path.write_text(path.read_text() + f"\n{entry}\n")
    with pytest.raises(CardError, match=message):
        read_card(bundle_folder)


def test_refuses_a_hash_that_is_not_one(bundle_factory: Callable[..., Path]) -> None:
    path = bundle_factory() / "card.toml"
    lines = [
        'sha256 = "ABC"' if line.startswith("sha256") else line
        for line in path.read_text().splitlines()
    ]
    path.write_text("\n".join(lines))
    with pytest.raises(CardError, match="64 hex digits"):
        read_card(path.parent)


KINDS = '[kinds]\nnames = ["blast", "lymphocyte"]\nblast = "blast"'


def test_a_card_from_before_kinds_means_what_it_meant(bundle_folder: Path) -> None:
    card = read_card(bundle_folder)
    assert card.input.light == "as-lit"
    assert card.kinds is None
    assert card.laboratories is None
    assert card.preference == 0
    assert (card.n_answers, card.is_research) == (2, True)


def test_kinds_and_laboratories_are_read(bundle_folder: Path) -> None:
    path = bundle_folder / "card.toml"
    path.write_text(
        path.read_text() + f"\n{KINDS}\n[laboratories]\n"
        'taught = ["here"]\njudged = ["there"]\nleft_out = [{ laboratory = "far", '
        'network = "net", n_cells = 3, auroc = 0.9, low = 0.8, high = 0.95 }]\n'
    )
    card = read_card(bundle_folder)
    assert card.n_answers == 4
    assert card.laboratories is not None
    [far] = card.laboratories.left_out
    assert far.low == 0.8
    worse = replace(card.laboratories, left_out=(replace(far, low=0.7),))
    assert replace(card, laboratories=worse).digest != card.digest


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (KINDS.replace('"lymphocyte"', '"blast"'), "repeats a kind"),
        (KINDS.replace('blast = "blast"', 'blast = "cell"'), "'cell' is no kind"),
        (KINDS + '\nprecursor = "egg"', "'egg' is no kind"),
        (KINDS + "\ntemperature = 0.0", "'temperature' must lie in"),
        ('[laboratories]\ntaught = ["x"]\njudged = ["x"]', "x taught and judged"),
    ],
)
def test_refuses_kinds_and_laboratories_that_cannot_be(
    bundle_folder: Path, entry: str, message: str
) -> None:
    path = bundle_folder / "card.toml"
    path.write_text(path.read_text() + f"\n{entry}\n")
    with pytest.raises(CardError, match=message):
        read_card(bundle_folder)


@pytest.mark.parametrize(
    ("allowed", "is_possible"),
    [(0.0, False), (0.05, True), (1.0, True), (1.01, False), (float("nan"), False)],
)
def test_a_gpus_distances_may_differ_by_a_tenth_of_the_limit_at_most(
    bundle_folder: Path, allowed: float, is_possible: bool
) -> None:
    card = read_card(bundle_folder)
    outliers = OutlierEntry(distance_limit=10.0, turned_away=0.05)
    golden = replace(card.golden, gpu_distance_tolerance=allowed)
    if is_possible:
        assert replace(card, outliers=outliers, golden=golden).golden == golden
        return
    with pytest.raises(ValueError, match=r"must lie in 0\.\.1, a tenth"):
        replace(card, outliers=outliers, golden=golden)


def test_a_card_from_before_kinds_loads_and_is_the_model_that_it_was(
    tmp_path: Path,
) -> None:
    (tmp_path / "card.toml").write_text(BEFORE_KINDS, encoding="utf-8")
    card = read_card(tmp_path)
    later = (card.kinds, card.laboratories, card.marrow, card.engines, card.model_trt)
    assert later == (None,) * 5
    assert (card.input.light, card.validation, card.preference) == (
        "as-lit",
        "research",
        0,
    )
    assert card.n_answers == 3
    assert card.digest.startswith("41584cba7dd449af")
