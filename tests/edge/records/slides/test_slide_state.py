"""What may be done with a slide, by where it stands: the whole table, in words."""

from itertools import product

import pytest

from leukoscope_edge.records.slides import Kind
from leukoscope_edge.records.slides.slide_fold import action_of
from leukoscope_edge.records.slides.slide_state import (
    ALLOWED,
    Action,
    SlideState,
    after,
    is_allowed,
    state_of,
)

N, C, P, E = SlideState.NEW, SlideState.COUNTING, SlideState.PAUSED, SlideState.ENDED
R, S, A, V = (
    SlideState.REVIEW,
    SlideState.SIGNED,
    SlideState.AMENDING,
    SlideState.VOIDED,
)
COLUMNS = (N, C, P, E, R, S, A, V)
TABLE = """
                new counting paused ended review signed amending voided
get ready        x
count            x     x       x     x
pause                  x       x
go on                          x
new area               x       x
resume           x     x       x     x
count more                                  x
engine           x     x       x     x
segmenter        x     x       x     x
cells            x     x       x     x
finish           x     x       x     x
judge                  x       x     x      x             x
missed           x     x       x     x      x             x
remark                 x       x     x      x             x
undo                   x       x     x      x             x
correct          x                          x             x
sign                                        x             x
amend                                              x
void             x             x     x      x             x
tell                                        x      x      x
consent          x     x       x     x      x      x      x        x
export           x     x       x     x      x      x      x        x
erase            x     x       x     x      x      x      x        x
drop-pictures                                      x               x
"""


def table() -> dict[tuple[Action, SlideState], bool]:
    """The table above: an x under the middle of a column's heading."""
    head, *rows = TABLE.strip("\n").splitlines()
    middles = [head.index(f" {c.value}") + 1 + len(c.value) // 2 for c in COLUMNS]
    found = {}
    for row in rows:
        action = Action(row[:16].strip())
        marks = [i for i, letter in enumerate(row) if letter == "x" and i >= 16]
        near = {min(range(8), key=lambda c: abs(middles[c] - m)) for m in marks}
        found |= {(action, s): i in near for i, s in enumerate(COLUMNS)}
    return found


def test_every_action_is_allowed_where_the_table_says_and_nowhere_else() -> None:
    expected = table()
    assert len(expected) == len(Action) * len(SlideState)
    got = {
        (action, state): is_allowed(action, state)
        for action, state in product(Action, SlideState)
    }
    assert got == expected


def test_every_action_has_a_row() -> None:
    assert set(ALLOWED) == set(Action)


@pytest.mark.parametrize(
    ("action", "state", "was_signed", "expected"),
    [
        (Action.CELLS, N, False, C),
        (Action.MISSED, N, False, C),
        (Action.ENGINE, N, False, N),
        (Action.FINISH, N, False, R),
        (Action.FINISH, C, False, R),
        (Action.FINISH, C, True, A),
        (Action.MISSED, R, False, R),
        (Action.MISSED, A, True, A),
        (Action.JUDGE, R, False, R),
        (Action.CORRECT, R, False, R),
        (Action.COUNT_MORE, R, False, C),
        (Action.RESUME, C, False, C),
        (Action.SIGN, R, False, S),
        (Action.SIGN, A, True, S),
        (Action.AMEND, S, True, A),
        (Action.VOID, N, False, V),
        (Action.VOID, A, True, V),
        (Action.ERASE, V, False, V),
    ],
)
def test_where_a_slide_stands_afterwards(
    action: Action, state: SlideState, was_signed: bool, expected: SlideState
) -> None:
    assert after(action, state, was_signed=was_signed) is expected


@pytest.mark.parametrize(
    ("kept", "live", "expected"),
    [
        (N, "", N),
        (N, "counting", C),
        (C, "", P),  # cut off: it goes on where a person says so
        (C, "counting", C),
        (C, "paused", P),
        (C, "ended", E),
        (R, "counting", R),
        (S, "counting", S),
        (A, "paused", A),
        (V, "counting", V),
    ],
)
def test_the_lens_tells_what_the_records_do_not_keep(
    kept: SlideState, live: str, expected: SlideState
) -> None:
    assert state_of(kept, live) is expected  # type: ignore[arg-type]


def test_nothing_leads_out_of_void() -> None:
    for action in Action:
        if is_allowed(action, V):
            assert after(action, V) is V


def test_every_kind_of_event_is_an_action() -> None:
    for kind in Kind:
        if kind not in (Kind.START, Kind.NOTE):
            assert isinstance(action_of(kind, N), Action)


def test_a_resumption_of_what_is_over_counts_more() -> None:
    assert action_of(Kind.RESUME, C) is Action.RESUME
    assert action_of(Kind.RESUME, R) is Action.COUNT_MORE
