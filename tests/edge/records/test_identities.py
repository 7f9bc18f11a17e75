"""What is hidden under a slide's key, and what is left when the key is destroyed."""

from typing import Any

import pytest

from leukoscope_edge.errors import StepError


def test_an_erased_slide_takes_no_identity_and_hides_no_text(bench: Any) -> None:
    erased, kept = bench.signed(), bench.signed()
    identities = bench.store._identities
    identity = bench.store.reader.identity(erased)
    bench.store.erase(erased, "request", "ann")
    with (
        pytest.raises(StepError, match="is erased"),
        bench.store.ledger.writing() as connection,
    ):
        identities.change(connection, erased, identity)
    assert identities.seal_text(erased, "a word") == ""
    assert identities.seal_text(kept, "") == ""
    sealed = identities.seal_text(kept, "a word")
    assert identities.open_text(kept, sealed) == "a word"


def test_a_pseudonym_is_of_the_sample_and_goes_with_the_key(bench: Any) -> None:
    one, again, other = bench.signed(), bench.signed(), bench.signed(sample="S-2")
    named = [bench.store._identities.pseudonym(s) for s in (one, again, other)]
    assert named[0] == named[1] != named[2]
    assert all(len(name) == 12 for name in named)
    bench.store.erase(one, "request", "ann")
    assert bench.store._identities.pseudonym(one) == ""


def test_a_slide_is_found_anew_by_the_label_that_it_has(bench: Any) -> None:
    slide, other = bench.finished(), bench.finished(sample="S-2")
    store = bench.store
    with store.ledger.writing() as connection:
        connection.execute(
            "UPDATE record_key SET sample_tag = "
            "(SELECT sample_tag FROM record_key WHERE slide = ?)",
            (other,),
        )
    [problem] = store.verify_audit()
    assert problem.what == f"slide {slide} is found by another label"
    with store.ledger.writing() as connection:
        store._identities.find_anew(connection)
    assert store.verify_audit() == []
    assert store._identities.slides_of("S-2") == [other]


def test_each_slide_has_a_key_of_its_own(bench: Any) -> None:
    """Else who destroys one slide's key has erased nobody, or everybody."""
    identities = bench.store._identities
    slides = [bench.finished(), bench.finished()]
    keys = {identities._key(slide) for slide in slides} | {identities._identity_key}
    assert len(keys) == 3
    assert {len(key) for key in keys} == {32}
