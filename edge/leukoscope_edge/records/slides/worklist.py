"""Which slides a list shows: one row a slide, written with each of its events.

To fold a slide takes some 20 ms, too long for a page of them. A row holds nothing that
the events do not say and can be made anew from them; `verify-audit` compares both. It
carries a keyed hash and the number of its slide's last event: a row that somebody else
wrote, or that is older than its slide, is not shown, the slide is folded then. A sample
is found by a keyed hash of its label, which goes when somebody is erased.
"""

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from leukoscope_edge.errors import LeukoscopeError, RecordError
from leukoscope_edge.log import passed_over, passing_over
from leukoscope_edge.outcome import VerdictName
from leukoscope_edge.records.database import IS_BOUND
from leukoscope_edge.records.events import Problem, canonical
from leukoscope_edge.records.identities import Identities
from leukoscope_edge.records.ledger import Ledger
from leukoscope_edge.records.slides.correction import details_of
from leukoscope_edge.records.slides.first_look import is_first_look_over
from leukoscope_edge.records.slides.slide import SlideRecord
from leukoscope_edge.records.slides.slide_state import SlideState

PAGE_SLIDES = 25
NO_RESULT = "none-possible"
BATCH_SLIDES = 5
"""So many slides are listed anew in one transaction: others write between."""
POLL_S = 0.2
SUSPICIONS = (VerdictName.BLASTS.value, VerdictName.FEW.value)
IS_TOLD = (
    "(n_versions > 0 OR (result IN "
    f"""{SUSPICIONS} AND (is_looked OR (n_readers = 1 AND ?))))"""
)
"""Whether a list may tell a verdict, as `ListedSlide.is_told` says it."""
MISSING = (
    f"SELECT slide FROM event WHERE {IS_BOUND} AND kind = 'start' "  # noqa: S608 - our own words
    "AND slide NOT IN (SELECT slide FROM worklist) ORDER BY seq DESC"
)
COLUMNS = (
    "slide, seq, started, started_at, people, state, result, is_looked, n_versions, "
    "n_readers, sample_tag, shown, mark"
)


class Show(str, Enum):
    """Which slides are wanted."""

    ALL = "all"
    TO_REVIEW = "to-review"
    UNSIGNED = "unsigned"
    REFUSED = "refused"
    SUSPECTS = "suspects"
    MINE = "mine"
    VOIDED = "voided"


_S = SlideState
STATES: dict[Show, tuple[SlideState, ...]] = {
    Show.TO_REVIEW: (_S.REVIEW, _S.AMENDING),
    Show.UNSIGNED: (_S.NEW, _S.COUNTING, _S.REVIEW, _S.AMENDING),
    Show.VOIDED: (_S.VOIDED,),
}
RESULTS: dict[Show, tuple[str, ...]] = {
    Show.REFUSED: (NO_RESULT,),
    Show.SUSPECTS: SUSPICIONS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a list is to show.

    Attributes:
        show: Which slides.
        names: Whose slides are "mine", a former name included.
        sample: Only of this sample, whatever its case and spaces; empty for all.
        since: Started then or later, UTC, ISO 8601; empty: from the first.
        before: Started before then, likewise.
        page: 1, 2, 3, ...
        tells_early: Verdicts are told before people have looked (`[review] blind`).
    """

    show: Show = Show.ALL
    names: tuple[str, ...] = ()
    sample: str = ""
    since: str = ""
    before: str = ""
    page: int = 1
    tells_early: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSlide:
    """What a list shows of a slide.

    Attributes:
        id: Its number.
        seq: Its last event.
        sealed: The identity, encrypted; the store opens it.
        started_at: UTC, ISO 8601.
        by: Who started it.
        signed_by: Who signed its newest version; empty where nobody did.
        state: Where it stands.
        sample_type: `blood` or `marrow`; empty where nobody said.
        age, sex: `child` or `adult`, `female` or `male`; `unknown`.
        n_cells: How many cells count.
        result: Of the newest signed version, else the machine's; empty where none is.
        n_versions: How many versions are signed.
        n_readers: How many people read it.
        is_looked: The first look is over.
    """

    id: str
    seq: int
    sealed: str
    started_at: str
    by: str
    signed_by: str
    state: SlideState
    sample_type: str
    age: str
    sex: str
    n_cells: int
    result: str
    n_versions: int
    n_readers: int
    is_looked: bool

    def is_told(self, *, early: bool) -> bool:
        """Say whether a list may tell its verdict.

        What nobody has signed is the model's alone. Its suspicion is told once people
        have looked; that it found none, or has no result, never: beside it they may
        have found blasts.

        Args:
            early: Suspicions are told before people have looked.
        """
        if self.n_versions > 0:
            return True
        is_over = self.is_looked or (early and self.n_readers == 1)
        return is_over and self.result in SUSPICIONS


def listed(record: SlideRecord) -> ListedSlide:
    """Return what a list shows of a slide."""
    signature = record.signatures[-1] if record.signatures else None
    outcome = signature.outcome if signature else record.machine
    type_ = record.facts.sample_type
    return ListedSlide(
        id=record.id,
        seq=record.seq,
        sealed=record.sealed,
        started_at=record.started_at,
        by=record.by,
        signed_by=signature.by if signature else "",
        state=record.state,
        sample_type=type_.value if type_ else "",
        age=record.facts.age.value,
        sex=details_of(record)["sex"],
        n_cells=len(record.counted),
        result=outcome.result if outcome else "",
        n_versions=len(record.signatures),
        n_readers=record.n_readers,
        is_looked=is_first_look_over(record),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of a list.

    Attributes:
        slides: The slides on it, the newest first.
        n_found: How many there are on all pages.
        page: Its number; the last one where a later one was asked for.
        n_pages: How many pages there are, at least one.
    """

    slides: tuple[ListedSlide, ...]
    n_found: int
    page: int
    n_pages: int


class Worklist:
    """The table in an open database; safe to share between threads."""

    def __init__(
        self,
        ledger: Ledger,
        identities: Identities,
        read: Callable[[str], SlideRecord | None],
    ) -> None:
        """Take the ledger in whose database the table is.

        Args:
            ledger: The open ledger.
            identities: Know a sample's hash.
            read: Returns a slide as its events have it, None where it is damaged.
        """
        self._ledger, self._identities, self._read = ledger, identities, read
        self._unreadable: set[str] = set()
        self._stops = threading.Event()
        self._filling: threading.Thread | None = None

    def keep(self, record: SlideRecord) -> None:
        """Write a slide's row, inside `Ledger.writing`."""
        values = f"VALUES ({_marks(len(COLUMNS.split()))})"
        query = f"INSERT OR REPLACE INTO worklist ({COLUMNS}) {values}"
        self._ledger.rows(query, self._row(record))

    def find(self, wanted: Wanted) -> Found:
        """Return a page of the slides that are wanted."""
        where, values = _where(wanted, self._identities.search_tag)
        ((n_found,),) = self._ledger.rows(
            f"SELECT count(*) FROM worklist {where}",  # noqa: S608
            values,
        )
        n_pages = max(1, -(-n_found // PAGE_SLIDES))
        page = min(max(1, wanted.page), n_pages)
        in_order = f"{where} ORDER BY started DESC LIMIT ? OFFSET ?"
        place = (PAGE_SLIDES, (page - 1) * PAGE_SLIDES)
        slides = tuple(self._select(in_order, (*values, *place)))
        return Found(slides=slides, n_found=n_found, page=page, n_pages=n_pages)

    def _select(self, rest: str, values: Iterable[object]) -> Iterator[ListedSlide]:
        rows = self._ledger.rows(
            f"SELECT {COLUMNS}, (SELECT max(seq) FROM event "  # noqa: S608
            f"WHERE event.slide = worklist.slide) FROM worklist {rest}",
            tuple(values),
        )
        return (one for row in rows if (one := self._listed(*row)) is not None)

    def _listed(self, *row: Any) -> ListedSlide | None:
        """Return what a row says, or the slide itself where the row is not ours."""
        *fields, mark, last_seq = row
        slide, seq, shown = fields[0], fields[1], fields[-1]
        if seq == last_seq and mark == self._mark(fields):
            plain = json.loads(shown)
            return ListedSlide(**plain | {"state": SlideState(plain["state"])})
        record = self._read(slide)
        return None if record is None else listed(record)

    def slides_of(self, sample: str) -> list[str]:
        """Return the numbers of the slides of a sample, the oldest first.

        Those that are not listed yet are found by the label exactly as it was typed.
        """
        tag = self._identities.search_tag(sample)
        query = "SELECT slide FROM worklist WHERE sample_tag = ?"
        rows = self._ledger.rows(query, (tag,))
        found = {slide for (slide,) in rows} | {*self._identities.slides_of(sample)}
        return sorted(found, key=int)

    def listed_of(self, sample: str) -> list[ListedSlide]:
        """Return the readable slides of a sample, those not listed yet last."""
        slides = self.slides_of(sample)
        found = list(self._select(f"WHERE slide IN ({_marks(len(slides))})", slides))
        others = set(slides) - {one.id for one in found}
        records = (self._read(slide) for slide in others)
        return found + [listed(r) for r in records if r is not None]

    def read_together(self, names: tuple[str, ...]) -> list[str]:
        """Return the unsigned slides of two readers in which somebody takes part."""
        is_mine, mine = _mine(names)
        is_open, states = _among("state", [s.value for s in STATES[Show.UNSIGNED]])
        tests = f"n_readers > 1 AND {is_mine} AND {is_open}"
        query = f"SELECT slide FROM worklist WHERE {tests} ORDER BY started"  # noqa: S608
        rows = self._ledger.rows(query, (*mine, *states))
        return [slide for (slide,) in rows]

    def is_whole(self) -> bool:
        """Say whether every readable slide has a row; takes milliseconds."""
        starts = f"FROM event WHERE {IS_BOUND} AND kind = 'start'"
        ((n_starts,),) = self._ledger.rows(f"SELECT count(*) {starts}")
        ((n_rows,),) = self._ledger.rows("SELECT count(*) FROM worklist")
        return bool(n_starts <= n_rows + len(self._unreadable))

    def fill(self, is_sound: Callable[[], bool]) -> None:
        """Write the rows that are missing, beside all other work, the newest first.

        They are after an update from an older program, or after a recovery.

        Args:
            is_sound: Whether the database may be written to yet.
        """
        if self._filling is None and not self.is_whole():
            self._filling = threading.Thread(
                target=self._fill, args=(is_sound,), daemon=True, name="worklist"
            )
            self._filling.start()

    def stop(self, *, at_once: bool = True) -> None:
        """Stop filling, or wait until it is done."""
        if at_once:
            self._stops.set()
        if self._filling is not None:
            self._filling.join()
            self._filling = None

    def _fill(self, is_sound: Callable[[], bool]) -> None:
        while not is_sound():
            if self._stops.wait(POLL_S):
                return
        missing = [slide for (slide,) in self._ledger.rows(MISSING)]
        with passing_over(RecordError, doing="filling the list of slides"):
            for i in range(0, len(missing), BATCH_SLIDES):  # else at the next start
                if self._stops.is_set():
                    return
                with self._ledger.writing():
                    for slide in missing[i : i + BATCH_SLIDES]:
                        self._fill_one(slide)

    def _fill_one(self, slide: str) -> None:
        if (record := self._read(slide)) is not None:
            self.keep(record)
        else:
            self._unreadable.add(slide)

    def problems(self, record: SlideRecord) -> Iterator[Problem]:
        """Look for a row that is not what the slide's events say."""
        query = f"SELECT {COLUMNS} FROM worklist WHERE slide = ?"  # noqa: S608
        if self._ledger.rows(query, (record.id,)) not in ([], [self._row(record)]):
            yield Problem(record.seq, f"the list of slides misplaces slide {record.id}")

    def _row(self, record: SlideRecord) -> tuple[Any, ...]:
        """Return a slide's row, in the order of COLUMNS."""
        one = listed(record)
        signers = (s.by for s in record.signatures)
        people = dict.fromkeys((record.by, *record.readers, *signers))
        plain = {name: getattr(one, name) for name in ListedSlide.__slots__}
        fields = (
            one.id,
            one.seq,
            int(one.id),
            one.started_at,
            "".join(f"\n{name}\n" for name in people),
            one.state.value,
            one.result,
            int(one.is_looked),
            one.n_versions,
            one.n_readers,
            self._tag(record),
            canonical(plain | {"state": one.state.value}),
        )
        return (*fields, self._mark(fields))

    def _tag(self, record: SlideRecord) -> bytes | None:
        try:
            identity = self._identities.open_identity(record.id, record.sealed)
        except LeukoscopeError as err:  # the audit tells of it
            passed_over(err, doing="opening an identity for the list of slides")
            return None
        return self._identities.search_tag(identity.sample) if identity else None

    def _mark(self, fields: Iterable[Any]) -> bytes:
        return self._identities.mark("\x1f".join(map(str, fields)))


def _mine(names: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    tests = " OR ".join("instr(people, ?)" for _ in names) or "0"
    return f"({tests})", tuple(f"\n{name}\n" for name in names)


def _among(column: str, values: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return a test in SQL that a column holds one of these, and the values."""
    return f"{column} IN ({_marks(len(values))})", tuple(values)


def _marks(n: int) -> str:
    return ", ".join("?" * n)


def _where(
    wanted: Wanted, tag_of: Callable[[str], bytes]
) -> tuple[str, tuple[object, ...]]:
    """Return the condition of a list in SQL, and what stands at its marks."""
    tests: list[tuple[str, tuple[object, ...]]] = [("1", ())]
    if states := STATES.get(wanted.show):
        tests.append(_among("state", [s.value for s in states]))
    if results := RESULTS.get(wanted.show):
        is_result, values = _among("result", results)
        told = f"{is_result} AND state != ? AND {IS_TOLD}"
        tests.append((told, (*values, _S.VOIDED.value, int(wanted.tells_early))))
    if wanted.show is Show.MINE:
        tests.append(_mine(wanted.names))
    if wanted.sample:
        tests.append(("sample_tag = ?", (tag_of(wanted.sample),)))
    if wanted.since:
        tests.append(("started_at >= ?", (wanted.since,)))
    if wanted.before:
        tests.append(("started_at < ?", (wanted.before,)))
    where = "WHERE " + " AND ".join(test for test, _ in tests)
    return where, tuple(value for _, values in tests for value in values)
