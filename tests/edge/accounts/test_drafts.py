"""What was typed and not sent: the last screen of each person, in memory."""

from leukoscope_edge.accounts import Drafts

FIELD = "/api/people name"
TYPED = "Grace Otieno"


def test_nothing_typed_is_nothing_kept() -> None:
    drafts = Drafts()
    assert drafts.of("ann", "/") == {}
    drafts.keep("ann", "", {})
    assert drafts.of("ann", "/") == {}


def test_of_each_person_the_last_screen_is_kept() -> None:
    drafts = Drafts()
    drafts.keep("ann", "/a", {"x": "1"})
    drafts.keep("ben", "/a", {"x": "2"})
    drafts.keep("ann", "/b", {"x": "3"})
    drafts.keep("ann", "/a", {})  # of a screen that is kept no more
    assert drafts.of("ann", "/a") == {}
    assert drafts.of("ann", "/b") == {"x": "3"}
    assert drafts.of("ben", "/a") == {"x": "2"}
    drafts.forget("ben")
    assert drafts.of("ben", "/a") == {}


def test_what_was_typed_goes_with_a_new_name() -> None:
    drafts = Drafts()
    drafts.keep("ann", "/a", {"x": "1"})
    drafts.rename("ann", "anna")
    drafts.rename("nobody", "else")
    assert (drafts.of("ann", "/a"), drafts.of("anna", "/a")) == ({}, {"x": "1"})
    assert drafts.of("else", "/a") == {}
