"""Sessions: opened by a PIN, closed by leaving or by time."""

import pytest
from tests.edge.web.stand_ins import NAME, PIN, Browser

from leukoscope_edge.web.security import LOCK_AFTER_S, Sessions


class Clock:
    """Seconds that pass only when told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_nobody_is_signed_in_at_first() -> None:
    sessions = Sessions()
    assert sessions.person("") is None
    assert sessions.person(sessions.new_id()) is None


@pytest.mark.parametrize(
    ("idle_s", "is_open"),
    [(0.0, True), (LOCK_AFTER_S, True), (LOCK_AFTER_S + 1, False)],
)
def test_a_session_locks_after_five_idle_minutes(idle_s: float, is_open: bool) -> None:
    clock = Clock()
    sessions = Sessions(clock=clock)
    session = sessions.sign_in("Amina")
    clock.now = idle_s
    assert (sessions.person(session) == "Amina") is is_open


def test_a_touch_keeps_it_open_and_a_look_does_not() -> None:
    clock = Clock()
    sessions = Sessions(clock=clock)
    touched, looked_at = sessions.sign_in("A"), sessions.sign_in("B")
    for _ in range(4):
        clock.now += LOCK_AFTER_S / 2
        sessions.person(touched)
        sessions.person(looked_at, touch=False)
    assert sessions.person(touched) == "A"
    assert sessions.person(looked_at) is None


def test_sessions_that_nobody_left_are_not_kept_for_ever() -> None:
    clock = Clock()
    sessions = Sessions(clock=clock)
    for _ in range(100):
        clock.now += LOCK_AFTER_S / 2
        newest = sessions.sign_in("A")
    assert len(sessions) <= 3
    assert sessions.person(newest) == "A"


def test_a_token_opens_its_own_session_only() -> None:
    sessions = Sessions()
    one, other = sessions.new_id(), sessions.new_id()
    assert sessions.is_token(one, sessions.token(one))
    assert not sessions.is_token(one, sessions.token(other))
    assert not sessions.is_token("", sessions.token(""))
    assert not Sessions().is_token(one, sessions.token(one))


def test_the_cookie_is_for_the_server_alone_and_changes_at_sign_in(
    stranger: Browser,
) -> None:
    before = stranger.get("/sign-in").headers["set-cookie"]
    assert "HttpOnly" in before
    assert "SameSite=strict" in before
    stranger.refresh()
    answer = stranger.post("/api/sign-in", json={"name": NAME, "pin": PIN})
    assert answer.headers["set-cookie"].split(";")[0] != before.split(";")[0]


def test_leaving_closes_the_session(browser: Browser) -> None:
    assert browser.get("/").status_code == 200
    assert browser.post("/api/sign-out", json={}).status_code == 200
    assert browser.get("/", follow_redirects=False).status_code == 303


def test_guessing_is_told_to_wait(stranger: Browser) -> None:
    stranger.refresh()
    guesses = [
        stranger.post("/api/sign-in", json={"name": NAME, "pin": "999999"})
        for _ in range(4)
    ]
    assert [g.status_code for g in guesses] == [401, 401, 401, 429]
    assert int(guesses[-1].headers["retry-after"]) > 0


def test_the_second_set_up_is_refused(stranger: Browser) -> None:
    stranger.refresh()
    answer = stranger.post("/api/set-up", json={"name": "Eve", "pin": "918273"})
    assert answer.status_code == 409
    assert stranger.get("/set-up", follow_redirects=False).status_code == 303
