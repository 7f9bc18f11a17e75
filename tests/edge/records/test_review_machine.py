"""Any order of steps: the store agrees with a plain model, across reopenings."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.edge.records.bench import MISSED_CELL, VERDICT, Bench

from leukoscope_edge.errors import StepError
from leukoscope_edge.records.slides import SlideState
from leukoscope_edge.types import Reading

CELLS = ("1", "2", "3", "4")


class Review(RuleBasedStateMachine):
    """A slide of four cells under review."""

    @initialize()
    def start(self) -> None:
        self.root = Path(tempfile.mkdtemp())
        self.bench = Bench(self.root / "r")
        self.slide = self.bench.finished()
        self.steps: list[tuple[str, Reading | None]] = []
        self.n_missed, self.n_signed, self.is_signed, self.n = 0, 0, False, 0

    def key(self) -> str:
        self.n += 1
        return f"k{self.n}"

    @precondition(lambda self: not self.is_signed)
    @rule(
        cell=st.sampled_from(CELLS), word=st.sampled_from(Reading), twice=st.booleans()
    )
    def judge(self, cell: str, word: Reading, twice: bool) -> None:
        key = self.key()
        for _ in range(1 + twice):
            self.bench.store.review.judge_cell(self.slide, cell, word, "ann", key=key)
        self.steps.append((cell, word))

    @precondition(lambda self: not self.is_signed)
    @rule(twice=st.booleans())
    def miss(self, twice: bool) -> None:
        key = self.key()
        self.n_missed += 1
        for _ in range(1 + twice):
            name = self.bench.store.review.add_missed(
                self.slide, MISSED_CELL, "ann", key=key
            )
            assert name == f"m{self.n_missed}"
        self.steps.append((name, None))

    @precondition(lambda self: not self.is_signed and None in dict(self.steps).values())
    @rule(word=st.sampled_from(Reading))
    def judge_what_was_added(self, word: Reading) -> None:
        added = [cell for cell, said in dict(self.steps).items() if said is None]
        self.bench.store.review.judge_cell(
            self.slide, added[0], word, "ann", key=self.key()
        )
        self.steps.append((added[0], word))

    @precondition(lambda self: not self.is_signed)
    @rule()
    def take_back(self) -> None:
        if not self.steps:
            with pytest.raises(StepError):
                self.bench.store.review.undo(self.slide, "ann", key=self.key())
            return
        self.bench.store.review.undo(self.slide, "ann", key=self.key())
        self.steps.pop()

    def sign_it(self) -> None:
        conclude = lambda _: VERDICT  # noqa: E731
        self.bench.store.review.sign(self.slide, conclude, "ann", key=self.key())

    @precondition(lambda self: not self.is_signed)
    @rule()
    def sign(self) -> None:
        words = dict(self.steps)
        is_judged = words.keys() >= set(CELLS) and None not in words.values()
        if not is_judged:
            with pytest.raises(StepError):
                self.sign_it()
            return
        self.sign_it()
        self.is_signed, self.n_signed = True, self.n_signed + 1

    @precondition(lambda self: self.is_signed)
    @rule()
    def amend(self) -> None:
        self.bench.store.review.amend(self.slide, "", "ann")
        self.is_signed = False

    @rule()
    def reopen(self) -> None:
        self.bench.reopen()

    @invariant()
    def agrees(self) -> None:
        record = self.bench.store.reader.slide(self.slide)
        words = {c.id: c.word for c in record.cells if c.word is not None}
        assert words == {c: w for c, w in dict(self.steps).items() if w is not None}
        assert len(record.signatures) == self.n_signed
        assert (record.state is SlideState.SIGNED) == self.is_signed

    def teardown(self) -> None:
        assert self.bench.store.verify_audit() == []
        self.bench.store.close()
        shutil.rmtree(self.root)


def test_the_store_agrees_with_a_plain_model() -> None:
    run_state_machine_as_test(
        Review,
        settings=settings(max_examples=8, stateful_step_count=25, deadline=None),
    )
