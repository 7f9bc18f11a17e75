"""Orders and news between the page and the count: whole, in the viewer's language."""

from typing import Any

import pytest
from tests.edge.live.told import facts_in

from leukoscope_edge.live.commands import (
    ASKS,
    BUSY,
    HEAD_BYTES,
    Command,
    Mode,
    News,
    Order,
    said_in,
)
from leukoscope_edge.messages import message, plain

ADVICE = plain(message("enough-above", level="5 %"))


def shouted(text: str) -> str:
    return f"{text}!"


@pytest.mark.parametrize("do", list(Command))
def test_every_order_arrives_as_it_was_given(do: Command) -> None:
    order = Order(do=do, slide="0007", by="Amína")
    assert Order.from_message(order.message()) == order


@pytest.mark.parametrize("data", [b"", b"{}", b'{"do": "fly", "slide": "", "by": ""}'])
def test_what_is_no_order_is_refused(data: bytes) -> None:
    with pytest.raises((ValueError, KeyError)):
        Order.from_message(data)


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("jpeg", [b"", b"\xff\xd8 {} \xff\xd9"])
def test_all_news_arrive_as_they_were_sent(mode: Mode, jpeg: bytes) -> None:
    facts = {"seq": 3, "instruction": "schärfer", "count": {"advice": ADVICE}}
    news = News(mode=mode, slide="0007", facts=facts, jpeg=jpeg)
    assert News.from_message(news.message()) == news


def test_the_head_of_news_says_how_long_its_facts_are() -> None:
    data = News(mode=Mode.IDLE, slide="", facts={"seq": 1}, jpeg=b"picture").message()
    n_bytes = int.from_bytes(data[:HEAD_BYTES], "big")
    assert data[HEAD_BYTES + n_bytes :] == b"picture"
    assert facts_in(data) == {"seq": 1, "mode": "idle", "slide": ""}


def test_sentences_and_messages_are_translated_wherever_they_stand() -> None:
    facts: dict[str, Any] = {
        "instruction": "focus",
        "frame": "frame 1",
        "found_by": "",
        "count": {"advice": ADVICE, "look": 50},
        "lights": [{"name": "blur", "value": 1.5, "instruction": "focus"}],
    }
    found = said_in(facts, shouted)
    assert found["instruction"] == "focus!"
    assert found["frame"] == "frame 1"
    assert found["found_by"] == ""
    assert found["count"] == {
        "advice": message("enough-above", level="5 %").said(shouted),
        "look": 50,
    }
    assert found["lights"] == [{"name": "blur", "value": 1.5, "instruction": "focus!"}]
    assert facts["instruction"] == "focus"  # what was told stays as it is


def test_a_count_that_has_nothing_to_say_says_nothing_in_any_language() -> None:
    assert said_in({"count": {"advice": None}}, shouted) == {"count": {"advice": None}}


@pytest.mark.parametrize("mode", list(Mode))
def test_a_slide_is_live_only_while_it_lies_under_the_lens(mode: Mode) -> None:
    news = News(mode=mode, slide="0007", facts={})
    assert news.live_at("0007") == (mode.value if mode in BUSY else "")
    assert news.live_at("0008") == ""


def test_what_is_done_with_a_slide_has_an_action_and_the_rest_has_none() -> None:
    assert set(Command) - ASKS.keys() == {Command.REST, Command.LEAVE}
    assert len(set(ASKS.values())) == len(ASKS)
