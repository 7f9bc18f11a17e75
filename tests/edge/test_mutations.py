"""The tests must notice when a rule of safety is changed by one line.

Each of these once survived: somebody changed the line in a copy of the program, and the
tests that are related to it passed. `tools/mutate.py` looks for further ones.
"""

import pytest
from tests.edge.mutated import Mutation, Noticed, tried

MUTATIONS = {
    "a number that reaches the background exceeds it": Mutation(
        "counting/verdict.py",
        "    if k <= _limit(context, n):",
        "    if k < _limit(context, n):",
        "counting/test_verdict.py::"
        "test_a_number_at_the_background_is_none_and_one_more_is_few",
    ),
    "send today by the low end of the interval": Mutation(
        "counting/verdict.py",
        "    is_many = fraction.high >= SEND_FRACTION",
        "    is_many = fraction.low >= SEND_FRACTION",
        "counting/test_verdict.py::"
        "test_what_a_fifth_may_be_is_sent_by_the_high_end_of_the_interval",
    ),
    "half of the unclear being unlike is enough": Mutation(
        "counting/verdict.py",
        "    if 2 * n_unlike > n_unclear:",
        "    if 2 * n_unlike >= n_unclear:",
        "counting/test_verdict.py::"
        "test_strange_cells_are_named_where_most_of_the_unclear_are_strange",
    ),
    "the mean in the place of the worst difference": Mutation(
        "inference/selftest.py",
        "worst = float(off.max())",
        "worst = float(off.mean())",
        "inference/test_selftest.py::test_the_worst_difference_decides",
    ),
    "lists of graphs in attributes are let in": Mutation(
        "inference/onnx_policy.py",
        "attribute.has(6) or attribute.has(11)",
        "attribute.has(6)",
        "inference/test_onnx_policy.py::test_refuses_a_file_that_breaks_a_rule",
    ),
    "the type of golden cells is not looked at": Mutation(
        "inference/bundle.py",
        " or crops.dtype != np.uint8",
        "",
        "inference/test_bundle.py::test_refuses_stored_cells_of_another_shape",
    ),
    "the type of golden answers is not looked at": Mutation(
        "inference/bundle.py",
        " or answers.dtype != np.float32",
        "",
        "inference/test_bundle.py::test_refuses_stored_cells_of_another_shape",
    ),
    "an event's place in the chain is not looked at": Mutation(
        "records/recovery.py",
        "    if fields[0] != end.seq + 1 or fields[-1] != end.hash:",
        "    if fields[-1] != end.hash:",
        "records/test_recovery.py::test_an_event_follows_by_place_and_by_hash",
    ),
    "what an event follows is not looked at": Mutation(
        "records/recovery.py",
        "    if fields[0] != end.seq + 1 or fields[-1] != end.hash:",
        "    if fields[0] != end.seq + 1:",
        "records/test_recovery.py::test_an_event_follows_by_place_and_by_hash",
    ),
    "a restore does not look at the chain": Mutation(
        "records/backups/backup.py",
        "        if problems:",
        "        if False:",
        "records/backups/test_backup.py::test_a_backup_whose_chain_was_changed_is_not_restored",
    ),
    "a restore asks no PIN": Mutation(
        "web/routes/device.py",
        "    check_pin(request, person.name, body.pin)\n    _require_no_count(device)\n"
        "    path = stick_named(",
        "    _require_no_count(device)\n    path = stick_named(",
        "web/test_keeping.py::test_a_backup_goes_to_a_stick_and_comes_back",
    ),
    "the signed hash is not compared with the manifest's": Mutation(
        "updates/verify.py",
        ' or info.hashes["sha256"] != fact.sha256',
        "",
        "updates/test_verify.py::test_a_file_is_read_only_where_both_words_agree",
    ),
    "the root's floor may sink": Mutation(
        "updates/install.py",
        "            root_version=max(now.floor.root_version, trial.root_version),",
        "            root_version=trial.root_version,",
        "updates/test_install.py::test_the_floor_of_the_root_never_sinks",
    ),
    "revoked releases are forgotten": Mutation(
        "updates/install.py",
        "    bad = tuple(sorted({*now.bad, *manifest.revokes}))",
        "    bad = manifest.revokes",
        "updates/test_install.py::test_what_was_revoked_once_stays_revoked",
    ),
    "slides that change verdict need no person": Mutation(
        "updates/comparison.py",
        "self.n_changed or self.slides or self.why_not",
        "self.n_changed or self.why_not",
        "updates/test_comparison.py::test_a_change_needs_a_person",
    ),
    "chunked bodies have no end": Mutation(
        "web/security.py",
        "        if n_bytes > MAX_BODY_BYTES:",
        "        if False:",
        "web/test_security.py::test_a_body_in_pieces_without_a_length_has_an_end_too",
    ),
    "pages of another port are let in": Mutation(
        "web/security.py",
        "    return origin is None or urlsplit_netloc(origin) == host",
        "    return origin is None or _host_name(urlsplit_netloc(origin)) == "
        "_host_name(host)",
        "web/test_security.py::"
        "test_only_a_page_of_this_very_address_may_change_anything",
    ),
    "same-site pages are let in": Mutation(
        "web/security.py",
        'not in ("same-origin", "none"):',
        'not in ("same-origin", "none", "same-site"):',
        "web/test_security.py::"
        "test_only_a_page_of_this_very_address_may_change_anything",
    ),
    "the old session stays open at a new sign-in": Mutation(
        "web/access.py",
        "    device.sessions.sign_out(session_of(request.headers))\n    session",
        "    session",
        "web/test_security.py::test_a_new_sign_in_closes_the_session_before",
    ),
    "no Secure cookie on TLS": Mutation(
        "web/access.py",
        '        secure=request.url.scheme == "https",',
        "        secure=False,",
        "web/test_security.py::test_the_cookie_is_secure_where_the_page_is",
    ),
    "the live picture goes on when the session locks": Mutation(
        "web/routes/live_picture.py",
        "person(socket, touch=news.mode is Mode.COUNTING) is None:",
        "person(socket, touch=news.mode is Mode.COUNTING) == 0:",
        "web/routes/test_live_picture.py::test_the_live_picture_ends_when_the_session_locks",
    ),
    "screening nothing counts as good work": Mutation(
        "service/supervisor.py",
        "        if is_up and not self.state.safe:",
        "        if is_up:",
        "service/test_supervisor.py::test_to_screen_nothing_is_no_good_work",
    ),
}


@pytest.fixture(scope="module")
def noticed() -> Noticed:
    return tried(MUTATIONS)


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTATIONS)
def test_the_tests_fail_where(noticed: Noticed, name: str) -> None:
    assert noticed.by[name]


@pytest.mark.slow
def test_and_none_without_a_change(noticed: Noticed) -> None:
    assert noticed.failing == []
