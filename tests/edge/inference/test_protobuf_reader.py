"""Protocol buffers read without their library: numbers, texts, what is no message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto

from leukoscope_edge.inference import protobuf_reader
from leukoscope_edge.inference.protobuf_reader import ProtobufError, ProtobufMessage


@given(st.lists(st.integers(0, 2**64 - 1), max_size=20))
def test_reads_back_numbers_as_the_format_packs_them(numbers: list[int]) -> None:
    tensor = TensorProto(int64_data=[n - 2**63 for n in numbers])
    read = ProtobufMessage(memoryview(tensor.SerializeToString())).numbers(7)
    assert read == [(n - 2**63) % 2**64 for n in numbers]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x0a", "cut off inside a number"),
        (b"\x0a\x05ab", "reaches beyond the end"),
        (b"\x0a" + b"\xff" * 10, "longer than 64 bits"),
        (b"\x00\x00", "number 0"),
        (b"\x0b", "wire type 3"),
    ],
)
def test_bytes_that_are_no_message_are_named(data: bytes, reason: str) -> None:
    with pytest.raises(ProtobufError, match=reason):
        ProtobufMessage(memoryview(data))


@pytest.mark.parametrize("fixed", [b"\x09" + bytes(8), b"\x0d" + bytes(4)])
def test_a_number_of_fixed_length_is_passed_over(fixed: bytes) -> None:
    assert ProtobufMessage(memoryview(fixed + b"\x10\x05")).numbers(2) == [5]


def test_a_number_where_bytes_must_stand_is_refused() -> None:
    with pytest.raises(ProtobufError, match="has a number in field 1"):
        ProtobufMessage(memoryview(b"\x08\x05")).parts(1)


def test_a_message_of_too_many_fields_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(protobuf_reader, "MAX_FIELDS", 2)
    assert ProtobufMessage(memoryview(b"\x08\x05" * 2)).numbers(1) == [5, 5]
    with pytest.raises(ProtobufError, match="more than 2 fields"):
        ProtobufMessage(memoryview(b"\x08\x05" * 3))


def test_a_text_that_stands_twice_is_refused() -> None:
    with pytest.raises(ProtobufError, match="field 1 twice"):
        ProtobufMessage(memoryview(b"\x0a\x01a\x0a\x01b")).text(1)
