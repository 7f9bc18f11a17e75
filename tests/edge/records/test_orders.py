"""Orders of a hospital's system: taken, or one clear line why not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leukoscope_edge.records.orders import BadRow, HospitalOrder, orders_in
from leukoscope_edge.sample import AgeGroup, SampleType

HEAD = b"number,age,type\n"


def test_no_row_orders_nothing() -> None:
    assert orders_in(HEAD) == []
    assert orders_in(HEAD + b"\n  \n") == []


@pytest.mark.parametrize(
    ("row", "age", "sample_type"),
    [
        ("S-1,child,blood", AgeGroup.CHILD, SampleType.BLOOD),
        ("S-1,17,Blood", AgeGroup.CHILD, SampleType.BLOOD),
        ("S-1,18,marrow", AgeGroup.ADULT, SampleType.MARROW),
        (' "S-1" ,Unknown, blood ', AgeGroup.UNKNOWN, SampleType.BLOOD),
    ],
)
def test_an_order_is_read(row: str, age: AgeGroup, sample_type: SampleType) -> None:
    [found] = orders_in(HEAD + row.replace(' "S-1" ', "S-1").encode())
    assert found == HospitalOrder(row=2, number="S-1", age=age, sample_type=sample_type)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_file_is_read_as_any_spreadsheet_writes_it(
    mark: str, end: str, encoding: str
) -> None:
    lines = ("number,age,type", "S-1,5,blood", "S-2,child,marrow", "")
    text = end.join(lines).replace(",", mark)
    found = orders_in(text.encode(encoding))
    assert [(f.row, type(f)) for f in found] == [(2, HospitalOrder), (3, HospitalOrder)]


@pytest.mark.parametrize(
    ("data", "row", "why"),
    [
        (b"", 1, "must be number,age,type"),
        (b"number,type\n", 1, "must be number,age,type"),
        (b"\xff\xfe", 1, "is not UTF-8 text"),
        (HEAD + b'"S-1,child,blood', 1, "is not CSV"),
        (HEAD + b"S-1,child\n", 2, "has 2 values, expected 3"),
        (HEAD + b",child,blood\n", 2, "number: must have 1 to 64 characters, has 0"),
        (HEAD + "S\u202e1,5,blood".encode(), 2, "character that cannot be seen"),
        (HEAD + b"S-1,131,blood\n", 2, "age: must be whole years"),
        (HEAD + b"S-1,-1,blood\n", 2, "age: must be whole years"),
        (HEAD + b"S-1,child,urine\n", 2, "type: must be blood or marrow, got 'urine'"),
    ],
)
def test_what_is_no_order_says_where_and_why(data: bytes, row: int, why: str) -> None:
    [found] = orders_in(data)
    assert isinstance(found, BadRow)
    assert found.row == row
    assert why in found.why
    assert "S-1" not in found.why


def test_a_bad_row_keeps_no_good_one_back() -> None:
    found = orders_in(HEAD + b"S-1,5,blood\nS-2,5,urine\nS-3,40,blood\n")
    assert [type(f) for f in found] == [HospitalOrder, BadRow, HospitalOrder]


@given(st.binary(max_size=300))
def test_any_bytes_are_orders_or_lines(data: bytes) -> None:
    for found in (*orders_in(data), *orders_in(HEAD + data)):
        assert isinstance(found, HospitalOrder) or "\n" not in found.why
