"""The facts of a slide, once: page, text, HTML, PDF, CSV, FHIR and JSON read this list.

A new fact is a line here and its translations. What made a result (model, software,
camera) is a list of its own, which every export of a version has as well. Sentences
that stand above all facts (verdict, intended use, marks) are no facts of this list.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from leukoscope_edge.counting import Compared
from leukoscope_edge.i18n import local_time
from leukoscope_edge.messages import Param, Say, message
from leukoscope_edge.outcome import VerdictName
from leukoscope_edge.records.changes import Change, Reason, Told
from leukoscope_edge.records.exports.cell_words import KINDS, capital
from leukoscope_edge.records.exports.differential_table import said_flags, table
from leukoscope_edge.records.exports.slide_version import SlideVersion
from leukoscope_edge.records.slides.conclusion import OVERRULED, overruled_blasts
from leukoscope_edge.records.slides.kinds import comparison
from leukoscope_edge.records.slides.slide import Outcome, SlideRecord
from leukoscope_edge.sample import AgeGroup, SampleType, SlideFacts

CHECKSUM_DIGITS = 12
"""Enough to find a model again on the page of models; programs read all 64."""
WAYS_OF_TELLING = ("telephone", "word of mouth", "message")
SAMPLE_TYPES = {SampleType.BLOOD: "Blood", SampleType.MARROW: "Marrow"}
AGES = {
    AgeGroup.CHILD: "Child",
    AgeGroup.ADULT: "Adult",
    AgeGroup.UNKNOWN: "Age not known",
}
CORRECTED = {
    "sample": "Sample",
    "name": "Name",
    "number": "Hospital number",
    "sample_type": "Sample type",
    "age": "Age",
    "sex": "Sex",
    "leukopenic": "Few white cells in the blood",
    "wbc": "White cell count, typed in",
    "reason": "Reason",
    "stain": "Stain",
    "objective": "Objective",
}
"""What can be put right of a slide, as people call it."""


OWN_FIELDS = frozenset({"sample", "name", "number", "comment"})
"""Facts that name somebody and have a place of their own in a table and in FHIR."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is known of a slide.

    Attributes:
        id: What programs call it; never changed.
        label: What people call it, in English; a msgid of the catalogues.
        said: Says it in a reader's language.
        number: Where it is a count, None elsewhere.
        exact: What programs read where people are told less; "" where they read alike.
        names_somebody: Stands on no copy without names.
        group: The table that a report shows it in, "" for a line of its own.
    """

    id: str
    label: str
    said: Callable[[Say], str]
    number: int | None = None
    exact: str = ""
    names_somebody: bool = False
    group: str = ""

    @property
    def value(self) -> int | str:
        """What programs read: the count, or else the exact or English text."""
        if self.number is not None:
            return self.number
        return self.exact or self.said(str)

    def row(self, say: Say = str) -> tuple[str, str]:
        """Return label and text in a reader's language."""
        return say(self.label), self.said(say)


def list_facts(slide: SlideVersion) -> tuple[Fact, ...]:
    """Return all that is known of a version of a slide, in the order of a report."""
    parts = (_whose, _said_of_it, _when, to_send, _results, _told, _counts, _kinds)
    return tuple(fact for part in (*parts, _notes) for fact in part(slide))


def facts_object(slide: SlideVersion) -> dict[str, Any]:
    """Return the facts as plain JSON values by id; those of one id as a list."""
    found: dict[str, Any] = {}
    for fact in (*list_facts(slide), *origins(slide)):
        before = found.get(fact.id)
        again = before if isinstance(before, list) else [before]
        found[fact.id] = fact.value if before is None else [*again, fact.value]
    return found


def public(slide: SlideVersion) -> tuple[Fact, ...]:
    """Return the facts that have no field of their own in tables and FHIR."""
    return tuple(f for f in list_facts(slide) if f.id not in OWN_FIELDS)


def fact_headings(slide: SlideVersion) -> tuple[str, ...]:
    """Return every fact without a column of its own as a heading, in English."""
    known = (*public(slide), *origins(slide))
    return tuple(f"{f.label}: {f.value}" for f in known)


def _text(text: str) -> Callable[[Say], str]:
    """Return what is the same in every language."""
    return lambda _: text


def _word(text: str) -> Callable[[Say], str]:
    """Return what the catalogues translate."""
    return lambda say: say(text)


def _count(id_: str, label: str, n: int) -> Fact:
    return Fact(id_, label, _text(str(n)), number=n)


def _whose(slide: SlideVersion) -> Iterator[Fact]:
    if slide.laboratory is not None:
        where = ", ".join(slide.laboratory.lines)
        yield Fact("laboratory", "Laboratory", _text(where), group="head")
    if slide.source:
        yield Fact("source", "Source", _text(slide.source))
    elif slide.identity is None:
        is_erased = slide.record.is_erased
        why = "erased" if is_erased else "not on this copy"
        yield Fact("sample", "Sample", _word(why))
    else:
        sample = slide.identity.sample
        yield Fact("sample", "Sample", _text(sample), names_somebody=True)
        if number := slide.identity.number:
            said = _text(number)
            yield Fact("number", "Hospital number", said, names_somebody=True)
        if name := slide.identity.name:
            yield Fact("name", "Name", _text(name), names_somebody=True)


def _said_of_it(slide: SlideVersion) -> Iterator[Fact]:
    record = slide.record
    yield from asked_facts(record.facts, is_own=slide.background_from == "site")
    for what, value in record.details.items():
        if what != "age":  # of an older program; among the facts now
            yield Fact(what, capital(what), _detail(value))
    for correction in record.corrections:
        for change in correction.changes:
            said = _correction(change, correction.reason)
            yield Fact("corrected", "Corrected", said)


def _correction(change: Change, reason: Reason) -> Callable[[Say], str]:
    """Return what was put right, by whom; of what is sealed, that it was."""
    when = _at_by(reason.at, reason.by)

    def said(say: Say) -> str:
        what = say(CORRECTED[change.what])
        if change.was or change.now:
            was, now = (_value(v, say) for v in (change.was, change.now))
            what = message("corrected", what=what, was=was, now=now).said(say)
        return f"{what}; {when(say)}"

    return said


def _value(value: str, say: Say) -> str:
    if value in ("yes", "no"):
        return message(value).said(say)
    return _detail(value or "unknown")(say)


def asked_facts(asked: SlideFacts, *, is_own: bool) -> Iterator[Fact]:
    """Yield what the rules of the verdict ask.

    Args:
        asked: What a person said of the slide.
        is_own: The background comes from this site's own normal slides.
    """
    type_ = asked.sample_type
    smeared = SAMPLE_TYPES[type_] if type_ else "not known"
    yield Fact("sample_type", "Sample type", _word(smeared))
    yield Fact("age", "Age", _word(AGES[asked.age]))
    is_passive = asked.mode == "passive"
    reading = "Passive watch" if is_passive else "Count"
    yield Fact("reading", "Reading", _word(reading))
    if asked.is_leukopenic:
        yield Fact("white_cells", "White cells", _word("Few"))
    if asked.wbc_10e9_per_l is not None:
        count = f"{asked.wbc_10e9_per_l:g} × 10⁹/l"
        yield Fact("wbc", "White cell count, typed in", _text(count))
    own = "This site's own normal slides" if is_own else "The model's normal slides"
    yield Fact("background", "Background", _word(own))


def _when(slide: SlideVersion) -> Iterator[Fact]:
    record = slide.record
    if record.started_at:
        yield Fact("started", "Started", _at_by(record.started_at, record.by))


def to_send(slide: SlideVersion) -> Iterator[Fact]:
    """Yield what is to be sent today and to whom, where the site has set it."""
    if slide.laboratory is None or slide.outcome.result != VerdictName.BLASTS.value:
        return
    what, to = slide.laboratory.send_what, slide.laboratory.send_to
    if what:
        yield Fact("send_today", "Send today", _text(what))
    if to:
        yield Fact("send_to", "To whom", _text(to))


def _results(slide: SlideVersion) -> Iterator[Fact]:
    record, signature = slide.record, slide.signature
    if record.void is None:
        yield Fact("read", "Read by people", slide.read.said)
    if record.machine is not None:
        yield Fact("machine", "Machine alone", _numbers(record.machine))
    if signature is not None:
        yield Fact("review", "After review", _numbers(signature.outcome))
        yield Fact("signed", "Signed", _at_by(signature.at, signature.by))
    if record.n_readers > 1:
        yield Fact("readers", "Readers", _agreement(slide))
    if overruled := overruled_blasts(record):
        yield Fact("overruled", "Overruled", overruled.said)
    if slide.comment:
        comment = _text(slide.comment)
        yield Fact("comment", "Comment", comment, names_somebody=True)
    for cell, by, text in slide.remarks:
        said = _text(f"{cell}: {text} ({by})")
        yield Fact("note_on_cell", "Note on a cell", said, names_somebody=True)


def _told(slide: SlideVersion) -> Iterator[Fact]:
    """Yield to whom the critical result was told; who that was, where names may."""
    names = slide.told_to or ("",) * len(slide.record.told)
    for who, told in zip(names, slide.record.told, strict=True):
        yield Fact("told", "Critical result told", _call(who, told))


def _call(who: str, told: Told) -> Callable[[Say], str]:
    way = f"told-{told.how.replace(' ', '-')}"
    parts: dict[str, Param] = {
        "n": told.version,
        "how": message(way) if told.how in WAYS_OF_TELLING else told.how,
        "time": local_time(told.told_at),
        "answer": message("yes" if told.is_read_back else "no"),
        "name": told.by,
    }
    return (
        message("told-to", who=who, **parts) if who else message("told", **parts)
    ).said


def _counts(slide: SlideVersion) -> Iterator[Fact]:
    tally = slide.record.tally
    yield Fact("frames", "Frames", _frames(slide.record))
    yield _count("smudge_cells", "Smudge cells", tally.n_smudges)


def _kinds(slide: SlideVersion) -> Iterator[Fact]:
    """Yield the differential: reports lay these out as a table, by their group."""
    for row in table(slide):
        if row.kind != "smudge":  # counted above
            id_ = f"kind_{_id_of(row.kind)}"
            yield Fact(id_, row.label, row.said, group="differential")
    for pair in comparison(slide.record):
        yield Fact(
            f"readers_{_id_of(pair.first.kind)}",
            KINDS[pair.first.kind],
            _two_readers(slide.record, pair),
            group="comparison",
        )
    for said in said_flags(slide):
        yield Fact("differential", "Differential", said.said)


def _notes(slide: SlideVersion) -> Iterator[Fact]:
    for note in slide.record.notes:
        yield Fact("note", "Note", _word(note))


def origins(slide: SlideVersion) -> tuple[Fact, ...]:
    """Return what made a result."""
    origin = slide.record.origin
    model = f"{origin.bundle}, sha256 {origin.bundle_sha256}"
    begin = f"{origin.bundle_sha256[:CHECKSUM_DIGITS]}…" if origin.bundle_sha256 else ""
    why = origin.fallback
    engine = f"{origin.engine} ({why})" if why else origin.engine
    scale = origin.scale_um_per_px
    calibration = f"{origin.calibration}, {_scale(scale)(str)}"
    found = (
        Fact("model", "Model", _text(origin.bundle), exact=model),
        Fact("checksum", "Checksum", _text(begin), exact=origin.bundle_sha256),
        Fact("engine", "Ran on", _word(origin.hardware), exact=engine),
        Fact("found_by", "Cells found by", _word(origin.segmenter)),
        Fact("software", "Software", _text(origin.software)),
        Fact("camera", "Camera", _text("" if slide.source else origin.camera)),
        Fact("calibration", "Calibration", _scale(scale), exact=calibration),
        Fact("device", "Device", _text(slide.device)),
    )
    return tuple(f for f in found if f.said(str))


def _scale(um_per_px: float | None) -> Callable[[Say], str]:
    if um_per_px is None:
        return _word("scale not known")
    return lambda say: f"{um_per_px:.4g} {say('µm per pixel')}"


def _frames(record: SlideRecord) -> Callable[[Say], str]:
    is_sequence = record.mode != "fields"
    unit = "frames of one slide" if is_sequence else "separate fields"

    def said(say: Say) -> str:
        frames = (f"{n} {say(what)}" for what, n in sorted(record.tally.frames.items()))
        text = ", ".join(frames)
        return f"{text} ({say(unit)})" if text else say("not known")

    return said


def _agreement(slide: SlideVersion) -> Callable[[Say], str]:
    cells = [c for c in slide.record.cells if len(c.words) > 1]
    same = [c for c in cells if len({word for _, word in c.words}) == 1]
    return message(
        "judged-alike",
        who=", ".join(slide.record.readers),
        k=len(same),
        n=len(cells),
        m=len(cells) - len(same) - len(slide.record.disputed),
    ).said


def _two_readers(record: SlideRecord, pair: Compared) -> Callable[[Say], str]:
    limits = "within chance" if pair.is_alike else "more than chance"

    def said(say: Say) -> str:
        read = zip(record.readers, (pair.first, pair.second), strict=True)
        shares = (f"{who} {s.percent:.1f} % ({s.n} / {s.of})" for who, s in read)
        return f"{'; '.join(shares)}: {say(limits)}"

    return said


def _at_by(at: str, by: str) -> Callable[[Say], str]:
    return message("at-by", time=local_time(at), name=by).said


def _numbers(outcome: Outcome) -> Callable[[Say], str]:
    k, n, m = outcome.n_blast, outcome.n_cells, outcome.n_unclear
    calls = message("calls-of", k=k, n=n, m=m)
    if outcome.blast_fraction_95 is None:
        # "0 of 40 cells" would read as a negative where nothing was concluded
        seen = calls if k else message("calls-seen", n=n, m=m)
        is_overruled = outcome.messages == OVERRULED.messages
        id_ = "calls-overruled" if is_overruled else "calls-no-result"
        return message(id_, what=seen).said
    low, high = (f"{100 * x:.1f}" for x in outcome.blast_fraction_95)
    return message("calls-interval", what=calls, low=low, high=high).said


def _id_of(kind: str) -> str:
    return kind.replace(" ", "_") or "not_told"


def _detail(value: str) -> Callable[[Say], str]:
    def said(say: Say) -> str:
        found = say("not known" if value == "unknown" else capital(value))
        return value if found == capital(value) else found

    return said
