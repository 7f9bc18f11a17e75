"""A running count shows cells and not what they are."""

from typing import Any

import pytest
from tests.edge.live.told import COUNT, FACTS, facts_in

from leukoscope_edge.live import Mode, News
from leukoscope_edge.live.blinding import blinded
from leukoscope_edge.messages import message, plain

GO_ON = [
    (why, plain(message("go-on", n=100, why=message(why))))
    for why in ("first-look", "leukopenic", "not-settled")
]


def test_facts_without_a_count_stay_as_they_are() -> None:
    assert blinded({}) == {}
    assert blinded({"seq": 1, "lights": []}) == {"seq": 1, "lights": []}


def test_boxes_tiles_and_numbers_lose_the_models_word() -> None:
    hidden = blinded(FACTS)
    kinds = [b["kind"] for b in hidden["boxes"]]
    assert kinds == ["seen", "seen", "seen", "seen", "cut-off", "smudge"]
    assert hidden["last"] == [["1", "seen"], ["2", "seen"]]
    assert hidden["count"]["n_cells"] == 64  # of which four are unclear, untold
    told = {k for k, v in hidden["count"].items() if v is not None}
    assert told == {"n_cells", "look", "advice"}


@pytest.mark.parametrize(
    ("advice", "said"),
    [
        (None, None),
        (plain(message("enough-above", level="5 %")), "enough cells"),
        (plain(message("enough-below", level="5 %")), "enough cells"),
        (plain(message("enough-open", level="5 %")), "enough cells"),
        (plain(message("hopeless")), "enough cells"),
        (GO_ON[0][1], "keep going to 100 usable cells: too few for a first look"),
        (
            GO_ON[1][1],
            "keep going to 100 usable cells: "
            "few white cells in the blood: blasts may be rare",
        ),
        (GO_ON[2][1], "keep going to 100 usable cells"),
    ],
)
def test_advice_does_not_betray_on_which_side_the_blasts_are(
    advice: dict[str, Any] | None, said: str | None
) -> None:
    hidden = blinded({"count": COUNT | {"advice": advice}})
    news = News(mode=Mode.COUNTING, slide="0001", facts=hidden)
    assert facts_in(news.message(str))["count"]["advice"] == said
