"""Reads protobuf as it lies on the wire: enough to look into an ONNX file, no more.

The device looks into a model before any runtime does, and must not need the `onnx`
package for it (20 MB, and a C++ parser that would itself have to be trusted). Nothing
here copies, recurses or allocates by a length that the file merely claims.

Source: protobuf.dev/programming-guides/encoding.
"""

from collections.abc import Iterator

MAX_VARINT_BYTES = 10
"""64 bits in groups of seven."""
MAX_FIELDS = 1_000_000
"""Of one message. The largest of our networks has a few thousand."""
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types; 3 and 4 are groups, which ONNX does not use."""
FIXED_BYTES = {FIXED64: 8, FIXED32: 4}


class ProtobufError(ValueError):
    """The bytes are not a protobuf message."""


class ProtobufMessage:
    """The fields of one message by their numbers."""

    def __init__(self, data: memoryview) -> None:
        """Read the fields of a message, not those of the messages inside it.

        Raises:
            ProtobufError: The bytes are cut off, or are no protobuf.
        """
        self._fields: dict[int, list[int | memoryview]] = {}
        for count, (number, value) in enumerate(_fields(data)):
            if count >= MAX_FIELDS:
                raise ProtobufError(f"has more than {MAX_FIELDS} fields in one message")
            self._fields.setdefault(number, []).append(value)

    def has(self, number: int) -> bool:
        """Say whether a field is present."""
        return number in self._fields

    def parts(self, number: int) -> list[memoryview]:
        """Return every value of a bytes field.

        Raises:
            ProtobufError: A value has another wire type.
        """
        values = self._fields.get(number, [])
        found = [v for v in values if isinstance(v, memoryview)]
        if len(found) != len(values):
            raise ProtobufError(
                f"has a number in field {number}, where bytes must stand"
            )
        return found

    def messages(self, number: int) -> list["ProtobufMessage"]:
        """Return every value of a message field; `ProtobufError` as in `parts`."""
        return [ProtobufMessage(part) for part in self.parts(number)]

    def texts(self, number: int) -> list[str]:
        """Return every value of a string field; raise where one is no UTF-8."""
        try:
            return [bytes(part).decode("utf-8") for part in self.parts(number)]
        except UnicodeDecodeError as err:
            raise ProtobufError(
                f"has a text in field {number} that is not UTF-8"
            ) from err

    def text(self, number: int) -> str:
        """Return a string field, "" where absent.

        Raises:
            ProtobufError: It stands there twice: readers differ in which one they take.
        """
        found = self.texts(number)
        if len(found) > 1:
            raise ProtobufError(f"has field {number} twice")
        return found[0] if found else ""

    def numbers(self, number: int) -> list[int]:
        """Return every value of an integer field, packed or not."""
        found: list[int] = []
        for value in self._fields.get(number, []):
            found += [value] if isinstance(value, int) else _packed(value)
        return found


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if number == 0:
            raise ProtobufError("has a field with number 0")
        if kind == VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        length, at = _length(data, at, kind)
        if length > len(data) - at:
            raise ProtobufError("is cut off: a field reaches beyond the end")
        yield number, data[at : at + length]
        at += length


def _length(data: memoryview, at: int, kind: int) -> tuple[int, int]:
    if kind == BYTES:
        return _varint(data, at)
    if kind not in FIXED_BYTES:
        raise ProtobufError(f"has wire type {kind}, which is none of ONNX's")
    return FIXED_BYTES[kind], at


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for index in range(MAX_VARINT_BYTES):
        if at + index >= len(data):
            raise ProtobufError("is cut off inside a number")
        byte = data[at + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, at + index + 1
    raise ProtobufError("has a number longer than 64 bits")


def _packed(data: memoryview) -> list[int]:
    found, at = [], 0
    while at < len(data):
        value, at = _varint(data, at)
        found.append(value)
    return found
