"""Taking one rule out of the verdict or of the slide's states must turn a test red."""

from pathlib import Path

import pytest
from tests.edge.mutated import SOME_FAILED, Mutation, run_mutated

VERDICT, VERDICT_TESTS = "counting/verdict.py", "counting/test_verdict.py"
STATES, STATES_TESTS = "records/slides/slide_state.py", "records/test_slide_state.py"
CHANGES_TESTS = "records/test_corrections.py"
MUTATIONS = {
    "a person's blasts are held against the model's background": Mutation(
        VERDICT,
        "    if k == 0:\n",
        "    if k <= _limit(context, n):\n",
        VERDICT_TESTS,
    ),
    "a confirmed blast of a child can wait": Mutation(
        VERDICT,
        "    is_urgent = context.is_child_or_unknown and not is_marrow",
        "    is_urgent = False",
        VERDICT_TESTS,
    ),
    "people overrule the machine without reading every cell": Mutation(
        VERDICT,
        "mute.people_may_overrule and counts.is_all_read",
        "mute.people_may_overrule",
        VERDICT_TESTS,
    ),
    "a passive watch may say that there is nothing": Mutation(
        VERDICT,
        '    if context.facts.mode == "passive":\n',
        "    if False:\n",
        VERDICT_TESTS,
    ),
    "quality out of control forbids nothing": Mutation(
        VERDICT, "    if context.quality:\n", "    if False:\n", VERDICT_TESTS
    ),
    "a count may end before the stop rule": Mutation(
        VERDICT, "    if stop.keep_going:\n", "    if False:\n", VERDICT_TESTS
    ),
    "a finished count goes on by itself": Mutation(
        STATES,
        "        Action.RESUME: _NOT_OVER,\n        Action.COUNT_MORE",
        "        Action.RESUME: _ANY,\n        Action.COUNT_MORE",
        STATES_TESTS,
    ),
    "a signed slide is voided as it stands": Mutation(
        STATES,
        "_ANY - {_S.COUNTING, _S.SIGNED, _S.VOIDED}",
        "_ANY - {_S.COUNTING, _S.VOIDED}",
        CHANGES_TESTS,
    ),
    "a void slide gives a verdict": Mutation(
        "records/slides/conclusion.py",
        "    if record.void is not None:\n",
        "    if False:\n",
        CHANGES_TESTS,
    ),
    "another result than the one shown is signed": Mutation(
        "records/slides/review_writer.py",
        "                if shown not in (None, digest_of(record, outcome)):\n",
        "                if False:\n",
        CHANGES_TESTS,
    ),
    "cells judged at a wrong scale are believed": Mutation(
        "records/slides/slide.py",
        "any(s != self.origin.scale_um_per_px for s in self.scales_um_per_px)",
        "False",
        CHANGES_TESTS,
    ),
    "a manual count needs no person": Mutation(
        "records/exports/fhir.py",
        "        by_person = BLASTS_BY_PERSON if dossier.is_all_read else BLASTS\n",
        "        by_person = BLASTS_BY_PERSON\n",
        "records/test_export_marks.py",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTATIONS)
def test_taking_out_a_rule_turns_a_test_red(name: str, tmp_path: Path) -> None:
    assert run_mutated(tmp_path, MUTATIONS[name]) == SOME_FAILED
