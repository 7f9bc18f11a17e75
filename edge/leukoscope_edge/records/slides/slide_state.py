"""Where a slide stands, and what may be done with it there: pure values, one table.

    new -> counting <-> paused -> ended -> review -> signed <-> amending
     |         (not while counting)  |       |                    |
     +-------------------------------+-------+---- voided <-------+

The fold of the events, the API, the pages and the command line ask this table. What a
person may do is a second question (`accounts/person.py`).
"""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Literal

Live = Literal["counting", "paused", "ended", ""]
"""What the counting process does with the slide now; empty: nothing with it."""


class SlideState(str, Enum):
    """Where a slide stands. Paused and ended are never kept: `state_of` tells them."""

    NEW = "new"
    COUNTING = "counting"
    PAUSED = "paused"
    ENDED = "ended"
    REVIEW = "review"
    SIGNED = "signed"
    AMENDING = "amending"
    VOIDED = "voided"


class Action(str, Enum):
    """What can be done with a slide; where an event keeps it, by the event's name."""

    GET_READY = "get ready"
    COUNT = "count"
    PAUSE = "pause"
    GO_ON = "go on"
    NEW_AREA = "new area"
    RESUME = "resume"
    COUNT_MORE = "count more"
    ENGINE = "engine"
    SEGMENTER = "segmenter"
    CELLS = "cells"
    FINISH = "finish"
    JUDGE = "judge"
    MISSED = "missed"
    REMARK = "remark"
    UNDO = "undo"
    CORRECT = "correct"
    SIGN = "sign"
    AMEND = "amend"
    VOID = "void"
    TELL = "tell"
    CONSENT = "consent"
    EXPORT = "export"
    ERASE = "erase"
    DROP_PICTURES = "drop-pictures"


_S = SlideState
_UNDER_THE_LENS = frozenset({_S.COUNTING, _S.PAUSED, _S.ENDED})
_NOT_OVER = _UNDER_THE_LENS | {_S.NEW}
_IN_REVIEW = frozenset({_S.REVIEW, _S.AMENDING})
_ANY = frozenset(SlideState)
ALLOWED: Mapping[Action, frozenset[SlideState]] = MappingProxyType(
    {
        Action.GET_READY: frozenset({_S.NEW}),
        Action.COUNT: _NOT_OVER,
        Action.PAUSE: frozenset({_S.COUNTING, _S.PAUSED}),
        Action.GO_ON: frozenset({_S.PAUSED}),
        Action.NEW_AREA: frozenset({_S.COUNTING, _S.PAUSED}),
        Action.RESUME: _NOT_OVER,
        Action.COUNT_MORE: frozenset({_S.REVIEW}),
        Action.ENGINE: _NOT_OVER,
        Action.SEGMENTER: _NOT_OVER,
        Action.CELLS: _NOT_OVER,
        Action.FINISH: _NOT_OVER,
        Action.JUDGE: _UNDER_THE_LENS | _IN_REVIEW,
        Action.MISSED: _NOT_OVER | _IN_REVIEW,
        Action.REMARK: _UNDER_THE_LENS | _IN_REVIEW,
        Action.UNDO: _UNDER_THE_LENS | _IN_REVIEW,
        # Not under the lens: the running count would not hear of it.
        Action.CORRECT: _IN_REVIEW | {_S.NEW},
        Action.SIGN: _IN_REVIEW,
        Action.AMEND: frozenset({_S.SIGNED}),
        # A signed result is withdrawn by amending it first, so that a reason is given
        # for that, and never while the lens still adds cells.
        Action.VOID: _ANY - {_S.COUNTING, _S.SIGNED, _S.VOIDED},
        # Also of a result that nobody has signed yet: a child may not wait for it.
        Action.TELL: _IN_REVIEW | {_S.SIGNED},
        Action.CONSENT: _ANY,
        Action.EXPORT: _ANY,
        Action.ERASE: _ANY,
        Action.DROP_PICTURES: frozenset({_S.SIGNED, _S.VOIDED}),
    }
)
"""In which states each action is allowed."""

_AFTER: Mapping[Action, SlideState] = MappingProxyType(
    {
        Action.RESUME: _S.COUNTING,
        Action.COUNT_MORE: _S.COUNTING,
        Action.CELLS: _S.COUNTING,
        Action.MISSED: _S.COUNTING,
        Action.FINISH: _S.REVIEW,
        Action.SIGN: _S.SIGNED,
        Action.AMEND: _S.AMENDING,
        Action.VOID: _S.VOIDED,
    }
)


def is_allowed(action: Action, state: SlideState) -> bool:
    """Say whether something may be done with a slide that stands so."""
    return state in ALLOWED[action]


def after(action: Action, state: SlideState, *, was_signed: bool = False) -> SlideState:
    """Return where a slide stands after something was done with it.

    Args:
        action: What was done.
        state: Where the slide stood.
        was_signed: A version of it is signed.
    """
    if action is Action.MISSED and state in _IN_REVIEW:
        return state
    found = _AFTER.get(action, state)
    return _S.AMENDING if found is _S.REVIEW and was_signed else found


def state_of(kept: SlideState, live: Live = "") -> SlideState:
    """Return where a slide stands, as the lens sees it.

    A count that was cut off is paused: it goes on where a person says so.

    Args:
        kept: By its events.
        live: By the counting process.
    """
    if kept not in (_S.NEW, _S.COUNTING):
        return kept
    if live:
        return SlideState(live)
    return _S.PAUSED if kept is _S.COUNTING else _S.NEW
