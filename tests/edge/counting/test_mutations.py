"""Taking one rule out of the verdict or of the slide's states must turn a test red."""

import pytest
from tests.edge.mutated import Mutation, Noticed, tried

VERDICT, VERDICT_TESTS = "counting/verdict.py", "counting/test_verdict.py"
STATES, STATES_TESTS = (
    "records/slides/slide_state.py",
    "records/slides/test_slide_state.py",
)
REVIEWED = "records/slides/test_review_writer.py"
CONCLUDED = "records/slides/test_conclusion.py"
VERSIONS = "records/exports/test_slide_version.py"
SIGNED = "records/slides/test_digest.py"
SHOWN_ALONE = "test_review_of_the_shown_cells_turns_no_refusal_into_a_negative"
OTHER_CAUSES = "test_people_overrule_nothing_that_lies_in_slide_pictures_or_quality"
TOO_EARLY = "test_a_count_that_ended_too_early_says_how_many_were_asked_for"
MUTATIONS = {
    "a person's blasts are held against the model's background": Mutation(
        VERDICT,
        "    if k == 0:\n",
        "    if k <= _limit(context, n):\n",
        f"{VERDICT_TESTS}::test_a_persons_blasts_are_no_background_of_the_model",
    ),
    "a confirmed blast of a child can wait": Mutation(
        VERDICT,
        "    is_urgent = context.is_child_or_unknown and not is_marrow",
        "    is_urgent = False",
        f"{VERDICT_TESTS}::test_one_confirmed_blast_in_blood_goes_to_a_senior",
    ),
    "people overrule the machine without reading every cell": Mutation(
        VERDICT,
        "mute.people_may_overrule and counts.is_all_read",
        "mute.people_may_overrule",
        f"{VERDICT_TESTS}::{SHOWN_ALONE}",
    ),
    "a passive watch may say that there is nothing": Mutation(
        VERDICT,
        '    if context.facts.mode == "passive":\n',
        "    if False:\n",
        f"{VERDICT_TESTS}::{OTHER_CAUSES}",
    ),
    "quality out of control forbids nothing": Mutation(
        VERDICT,
        "    if context.quality:\n",
        "    if False:\n",
        f"{VERDICT_TESTS}::{OTHER_CAUSES}",
    ),
    "a count may end before the stop rule": Mutation(
        VERDICT,
        "    if stop.keep_going:\n",
        "    if False:\n",
        f"{VERDICT_TESTS}::{TOO_EARLY}",
    ),
    "a finished count goes on by itself": Mutation(
        STATES,
        "        Action.RESUME: _NOT_OVER,\n        Action.COUNT_MORE",
        "        Action.RESUME: _ANY,\n        Action.COUNT_MORE",
        f"{STATES_TESTS}::test_every_action_is_allowed_where_the_table_says_and_nowhere_else",
    ),
    "a signed slide is voided as it stands": Mutation(
        STATES,
        "_ANY - {_S.COUNTING, _S.SIGNED, _S.VOIDED}",
        "_ANY - {_S.COUNTING, _S.VOIDED}",
        f"{REVIEWED}::test_a_signed_slide_is_voided_only_through_an_amendment",
    ),
    "a void slide gives a verdict": Mutation(
        "records/slides/conclusion.py",
        "    if record.void is not None:\n",
        "    if False:\n",
        f"{CONCLUDED}::test_a_void_slide_gives_no_verdict",
    ),
    "a blast on which two readers differ forbids nothing": Mutation(
        "records/slides/conclusion.py",
        "            *_disputed_blasts(record),\n",
        "",
        f"{CONCLUDED}::test_a_blast_that_one_of_two_readers_saw_forbids_a_negative",
    ),
    "a negative that nobody has signed leaves the device": Mutation(
        "records/exports/slide_version.py",
        "machine=told_of_machine(record.machine, None)",
        "machine=record.machine",
        f"{VERSIONS}::test_an_unsigned_negative_of_the_machine_stands_on_no_copy",
    ),
    "another result than the one shown is signed": Mutation(
        "records/slides/review_writer.py",
        "                if shown not in (None, digest_of(record, outcome)):\n",
        "                if False:\n",
        f"{SIGNED}::test_what_was_not_shown_is_not_signed",
    ),
    "cells judged at a wrong scale are believed": Mutation(
        "records/slides/slide.py",
        "any(s != self.origin.scale_um_per_px for s in self.scales_um_per_px)",
        "False",
        f"{CONCLUDED}::test_another_objective_after_the_cells_were_judged_spoils_their_calls",
    ),
    "a marrow counted as blood gives a negative": Mutation(
        VERDICT,
        "    context = replace(context, doubts=(*context.doubts, *looks_like))\n",
        "    context = replace(context, doubts=(*context.doubts, *looks_like[:0]))\n",
        "counting/test_sample_check.py::test_a_negative_needs_the_cells_of_the_sample_that_was_named",
    ),
    "a manual count needs no person": Mutation(
        "records/exports/fhir.py",
        "        by_person = BLASTS_BY_PERSON if version.is_all_read else BLASTS\n",
        "        by_person = BLASTS_BY_PERSON\n",
        "records/test_export_marks.py::test_a_manual_count_is_one_of_which_people_have_read_every_cell",
    ),
}


@pytest.fixture(scope="module")
def noticed() -> Noticed:
    return tried(MUTATIONS)


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTATIONS)
def test_taking_out_a_rule_turns_a_test_red(noticed: Noticed, name: str) -> None:
    assert noticed.by[name]


@pytest.mark.slow
def test_and_none_without_a_change(noticed: Noticed) -> None:
    assert noticed.failing == []
