"""What a report says beside the verdict: each way of telling has its word."""

from leukoscope_edge.messages.report import REPORT
from leukoscope_edge.records.exports import WAYS_OF_TELLING


def test_each_way_of_telling_has_its_word() -> None:
    for way in WAYS_OF_TELLING:
        assert REPORT[f"told-{way.replace(' ', '-')}"] == way


def test_what_is_unsigned_is_said_before_all_else() -> None:
    assert REPORT["preliminary"].startswith("PRELIMINARY: ")


def test_a_call_that_names_whom_says_all_that_one_without_does() -> None:
    assert REPORT["told-to"].replace(" to {who}", "") == REPORT["told"]
