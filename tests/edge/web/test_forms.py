"""The bodies of the API's requests: what they take, and what they refuse."""

from typing import Any

import pytest
from pydantic import ValidationError

from leukoscope_edge.names import OVERRIDES
from leukoscope_edge.records.exports import FORMATS
from leukoscope_edge.web.forms import (
    MAX_DRAFTS,
    MAX_PATH,
    TURNS_WRITING,
    Backup,
    Body,
    CorrectionForm,
    JudgedForm,
    LineForm,
    Listed,
    Missed,
    NewBand,
    NewSlide,
    OnQualitySlide,
    OnStick,
    Reasoned,
    Remark,
    Restore,
    Settled,
    Signed,
    ToStick,
    Typed,
)

KEY = "key-00000001"
SLIDE = {"sample": "S-1", "sample_type": "blood", "age": "adult", "key": KEY}
LINE = {"x0": 0, "y0": 0, "x1": 100, "y1": 0, "length_um": 10}
SIGN = {"pin": "482917", "shown": "0" * 64, "key": KEY}
RESTORE = {"stick": "/media/a", "passphrase": "x" * 12, "pin": "482917"}


def takes(form: type[Body], body: dict[str, Any]) -> bool:
    try:
        form.model_validate(body)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    ("form", "body"),
    [
        (NewSlide, SLIDE),
        (LineForm, LINE),
        (Signed, SIGN),
        (Restore, RESTORE | {"file": "a.backup"}),
        (Listed, {}),
    ],
)
def test_a_key_that_nobody_asked_for_is_refused(
    form: type[Body], body: dict[str, Any]
) -> None:
    assert takes(form, body)
    assert not takes(form, body | {"more": 1})


@pytest.mark.parametrize(
    "sign", sorted(TURNS_WRITING), ids=lambda sign: f"{ord(sign):x}"
)
def test_no_text_turns_writing_around(sign: str) -> None:
    with pytest.raises(ValidationError, match="signs that turn writing around"):
        OnStick.model_validate({"stick": f"/media/S{sign}1"})


@pytest.mark.parametrize("form", [NewSlide, Listed, CorrectionForm])
@pytest.mark.parametrize("hidden", ["\u200e", "\u061c", "\u2068", "\u200b", "\u00ad"])
def test_a_label_that_was_copied_is_the_label(form: type[Body], hidden: str) -> None:
    body = dict(SLIDE) if form is NewSlide else {}
    body |= {"why": "misread", "key": KEY} if form is CorrectionForm else {}
    found = form.model_validate(body | {"sample": f"{hidden}S\u2011\u0661{hidden}"})
    assert found.model_dump()["sample"] == "S-1"


@pytest.mark.parametrize("sample", ["", " ", "\u200e", "\u00a0\u200d"])
def test_a_label_that_nobody_sees_is_none(sample: str) -> None:
    assert not takes(NewSlide, SLIDE | {"sample": sample})


@pytest.mark.parametrize("sign", sorted(OVERRIDES))
def test_letters_out_of_their_order_are_no_label(sign: str) -> None:
    with pytest.raises(ValidationError, match="signs that turn writing around"):
        NewSlide.model_validate(SLIDE | {"sample": f"S{sign}21"})


def test_a_label_in_any_script_is_taken_without_its_spaces() -> None:
    body = NewSlide.model_validate(
        SLIDE | {"sample": "  فاطمة 1 ", "name": " क्\u200dष\u200e "}
    )
    assert (body.sample, body.name) == ("فاطمة 1", "क्\u200dष")


@pytest.mark.parametrize(
    ("form", "body", "name", "smallest", "largest"),
    [
        (NewSlide, SLIDE, "wbc", 0.001, 1000),
        (Listed, {}, "page", 1, 1_000_000),
        (Missed, {"frame": "f", "x": 0.5, "y": 0.5, "key": KEY}, "x", 0, 1),
        (Missed, {"frame": "f", "x": 0.5, "y": 0.5, "key": KEY}, "y", 0, 1),
        (OnQualitySlide, {"n_present": 5, "n_located": 5}, "n_present", 1, 10_000),
        (OnQualitySlide, {"n_present": 5, "n_located": 5}, "n_located", 0, 10_000),
        (LineForm, LINE, "x0", 0, 1e5),
        (LineForm, LINE, "length_um", 0.001, 1000),
        (LineForm, LINE, "width_px", 0, 100_000),
    ],
)
def test_a_number_has_two_ends(
    form: type[Body], body: dict[str, Any], name: str, smallest: float, largest: float
) -> None:
    assert takes(form, body | {name: smallest})
    assert takes(form, body | {name: largest})
    assert not takes(form, body | {name: smallest - 1})
    assert not takes(form, body | {name: largest + 1})


@pytest.mark.parametrize(
    ("form", "body", "name", "shortest", "longest"),
    [
        (NewSlide, SLIDE, "sample", 1, 64),
        (NewSlide, SLIDE, "key", 8, 64),
        (Remark, {"key": KEY}, "text", 1, 300),
        (Reasoned, {"key": KEY}, "why", 1, 300),
        (NewBand, {"why": "lamp"}, "reason", 3, 200),
        (Backup, {"stick": "/media/a"}, "passphrase", 12, 200),
        (Signed, SIGN, "comment", 0, 1000),
    ],
)
def test_a_text_has_a_shortest_and_a_longest(
    form: type[Body], body: dict[str, Any], name: str, shortest: int, longest: int
) -> None:
    assert takes(form, body | {name: "x" * shortest})
    assert takes(form, body | {name: "x" * longest})
    assert not takes(form, body | {name: "x" * (longest + 1)})
    assert shortest == 0 or not takes(form, body | {name: "x" * (shortest - 1)})


@pytest.mark.parametrize("name", ["sample_type", "age", "sample", "key"])
def test_what_the_rules_ask_of_a_slide_is_never_taken_for_granted(name: str) -> None:
    assert not takes(NewSlide, {k: v for k, v in SLIDE.items() if k != name})


@pytest.mark.parametrize(
    ("word", "kind", "is_taken"),
    [
        ("normal", "", True),
        ("normal", "monocyte", True),
        ("normal", "lymphoblast", False),
        ("blast", "", True),
        ("blast", "monocyte", False),
        ("unclear", "monocyte", False),
        ("not-a-cell", "monocyte", False),
    ],
)
def test_only_a_normal_cell_has_a_kind(word: str, kind: str, *, is_taken: bool) -> None:
    body = {"cell": "1", "word": word, "kind": kind, "key": KEY}
    assert takes(Settled, body) is is_taken
    assert takes(JudgedForm, body | {"seen": 0}) is is_taken


def test_a_word_says_which_version_was_seen() -> None:
    body = {"cell": "1", "word": "blast", "key": KEY}
    assert not takes(JudgedForm, body)
    assert not takes(JudgedForm, body | {"seen": -1})


@pytest.mark.parametrize("shown", ["", "0" * 63, "0" * 65, "G" * 64])
def test_a_signature_says_what_was_shown(shown: str) -> None:
    assert takes(Signed, SIGN)
    assert not takes(Signed, SIGN | {"shown": shown})


@pytest.mark.parametrize(
    ("file", "is_taken"),
    [
        ("a.leukoscope-backup", True),
        ("leukoscope/a.leukoscope-backup", True),
        ("../a", False),
        ("/etc/passwd", False),
        ("other/a", False),
        ("leukoscope/b/a", False),
        ("", False),
    ],
)
def test_a_backup_lies_on_the_stick_or_in_our_folder_there(
    file: str, *, is_taken: bool
) -> None:
    assert takes(Restore, RESTORE | {"file": file}) is is_taken


@pytest.mark.parametrize("whats", [[], ["exe"], ["pdf"] * (len(FORMATS) + 1)])
def test_only_files_of_the_table_go_to_a_stick(whats: list[str]) -> None:
    assert takes(ToStick, {"stick": "/media/a", "whats": list(FORMATS)})
    assert not takes(ToStick, {"stick": "/media/a", "whats": whats})


def test_what_is_typed_is_kept_within_bounds() -> None:
    texts = {f"field {n}": "x" for n in range(MAX_DRAFTS)}
    assert takes(Typed, {"path": "/" * MAX_PATH, "texts": texts})
    assert not takes(Typed, {"path": "/" * (MAX_PATH + 1), "texts": {}})
    assert not takes(Typed, {"path": "/", "texts": texts | {"one more": "x"}})
    assert not takes(Typed, {"path": "/", "texts": {"a": "x" * 1001}})


def test_what_a_correction_leaves_out_stays() -> None:
    found = CorrectionForm.model_validate({"why": "misread", "key": KEY})
    left_out = (found.sample, found.sample_type, found.age, found.leukopenic)
    assert left_out == (None, None, None, None)
    assert (found.wbc, found.objective) == (None, None)
