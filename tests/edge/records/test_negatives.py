"""No output reads as a negative that nobody signed, whoever said what of a slide."""

import re
from dataclasses import replace
from typing import Any

import pytest
from tests.edge.records.bench import Bench, make_cell, make_set_up
from tests.edge.records.files_as_text import texts

from leukoscope_edge.cli import main
from leukoscope_edge.i18n import ENGLISH
from leukoscope_edge.messages import message
from leukoscope_edge.outcome import Interval, Refusal, Verdict, VerdictName
from leukoscope_edge.records.exports import SlideVersion, open_version, suspects
from leukoscope_edge.records.exports.html_report import html_bytes
from leukoscope_edge.records.slides import Corrected
from leukoscope_edge.types import CallName, Reading, Tally

N = 12
NONE = Verdict(
    name=VerdictName.NONE,
    messages=(message("none-read", n=N, p="26.5"),),
    n_cells=N,
    n_blast=0,
    n_unclear=0,
    interval=Interval(low=0.0, high=0.265),
)
FEW = replace(
    NONE,
    name=VerdictName.FEW,
    messages=(message("test"),),
    n_blast=3,
    interval=Interval(low=0.055, high=0.572),
)
REFUSED = Refusal(reason=message("no-cell"), n_cells=N, n_blast=0, n_unclear=3)
VERDICTS = {"negative": NONE, "blasts": FEW, "no result": REFUSED}
WORDS = {"negative": Reading.NORMAL, "blasts": Reading.BLAST}
WORDS["no result"] = Reading.UNCLEAR
KINDS_OF_FILE = {"pdf", "csv", "fhir", "html"}
READS_AS_A_NEGATIVE = re.compile(
    r"""No\sblasts|[^\d]0\sof\s12\scells|Blasts:?\s0
    |"Blast-like\scells"\s*\},\s*"valueInteger":\s0
    |confirmed"\s*\},\s*"valueInteger":\s0""",
    re.VERBOSE,
)
SAID = [
    (machine, reader, signed)
    for machine in VERDICTS
    for reader in ("", *WORDS)
    for signed in sorted({"", reader, "no result" if reader else ""})
]
"""Who has read every cell signs what her words say, or that the slide has no result."""


@pytest.fixture
def make(bench: Bench) -> Any:
    """A slide of twelve cells of which the machine suspects the first three."""

    def counted(machine: str, reader: str = "", signed: str = "") -> str:
        is_seen = machine == "blasts"
        calls = {n: CallName.BLAST for n in (1, 2, 3) if is_seen}
        cells = [
            make_cell(n, calls.get(n, CallName.NORMAL), kind="lymphocyte")
            for n in range(1, N + 1)
        ]
        slide = bench.store.start_slide(make_set_up(), "ann")
        bench.store.count.add_cells(slide, cells, frames={})
        bench.store.count.finish_count(slide, VERDICTS[machine], "ann", tally=Tally())
        for n in range(1, N + 1) if reader else ():
            word = WORDS[reader] if n <= 3 else Reading.NORMAL
            bench.store.review.judge_cell(
                slide, f"{n}", word, "ann", key=f"{slide}-{n}"
            )
        if signed:
            sign(slide, signed)
        return slide

    def sign(slide: str, signed: str) -> None:
        key = f"{slide}-{bench.store.reader.slide(slide).seq}"
        bench.store.review.sign(slide, lambda _: VERDICTS[signed], "ann", key=key)

    counted.sign = sign  # type: ignore[attr-defined]
    return counted


def every_text(version: SlideVersion) -> dict[str, str]:
    page = html_bytes(version, ENGLISH, suspects(version, ENGLISH)).decode()
    plain = " ".join(re.sub("<style.*?</style>|<[^>]+>", " ", page, flags=re.S).split())
    found = texts(version) | {"html": plain}
    return {
        kind: text.replace("\N{NO-BREAK SPACE}", " ") for kind, text in found.items()
    }


def negatives(version: SlideVersion) -> dict[str, list[str]]:
    found = {k: READS_AS_A_NEGATIVE.findall(t) for k, t in every_text(version).items()}
    return {kind: said for kind, said in found.items() if said}


@pytest.mark.parametrize(("machine", "reader", "signed"), SAID)
def test_what_reads_as_a_negative_is_one_that_a_person_signed(
    bench: Bench,
    make: Any,
    machine: str,
    reader: str,
    signed: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Where she signed another, the machine's negative does not count, and says so."""
    version = open_version(bench.store, make(machine, reader, signed))
    found = negatives(version)
    assert set(found) == (KINDS_OF_FILE if signed == "negative" else set())
    bench.store.end_copy()
    at = ["--data", str(bench.folder)]
    for command in (["list"], ["show", version.record.id]):
        assert main(["records", *command, *at]) == 0
        is_negative = "No blasts" in capsys.readouterr().out
        assert is_negative == (signed == "negative"), command
    for kind, text in every_text(version).items():
        assert ("PRELIMINARY: the machine alone" in text) == (not signed), kind
    is_overruled = machine == "negative" and signed not in ("", "negative")
    for kind, text in every_text(version).items():
        assert ("another result was signed" in text) == is_overruled, kind


@pytest.mark.parametrize("first", ["blasts", "no result"])
def test_while_a_slide_is_amended_the_newest_signed_version_alone_counts(
    bench: Bench, make: Any, first: str
) -> None:
    slide = make("negative", first, first)
    bench.store.review.amend(slide, "look again", "eve")
    for n in (1, 2, 3):
        key = f"again-{n}"
        bench.store.review.judge_cell(slide, f"{n}", Reading.NORMAL, "ann", key=key)
    assert not negatives(open_version(bench.store, slide))
    make.sign(slide, "negative")
    assert negatives(open_version(bench.store, slide)).keys() == KINDS_OF_FILE
    bench.store.erase(slide, "request", "eve")
    assert negatives(open_version(bench.store, slide)).keys() == KINDS_OF_FILE


def test_blasts_that_were_overruled_are_told_whatever_the_sample_is_called_since(
    bench: Bench, make: Any
) -> None:
    """Beside the conclusion too, which a laboratory's system may show alone."""
    slide = make("negative", "blasts")
    for n in (1, 2, 3):
        word, key = Reading.NORMAL, f"ben-{n}-key"
        bench.store.review.judge_cell(slide, f"{n}", word, "ben", key=key)
    bench.store.review.correct(slide, Corrected(sample="S-2"), "misread", "ben")
    make.sign(slide, "negative")
    said = "3 of the cells were called blast-like by ann"
    for identified in (True, False):
        version = open_version(bench.store, slide, identified=identified)
        assert all(said in text for text in every_text(version).values())
        assert (
            f"{said}; the last word on them is another. Flags" in texts(version)["fhir"]
        )
