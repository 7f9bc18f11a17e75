"""Orders of a hospital's system: a CSV file's rows, each an order or why it is none.

Pure: text in, orders and one clear line a bad row out. A line names the row and the
field, never the number, which may be a person's.

    number,age,type
    S-2026-0412,child,blood
"""

import csv
import io
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from leukoscope_edge.names import HIDDEN, label
from leukoscope_edge.sample import AgeGroup, SampleType

COLUMNS = ("number", "age", "type")
MARKS = ",;\t"
"""Between values: spreadsheets of countries with a decimal comma write a semicolon."""
MAX_NUMBER = 64
"""Characters of a sample's label, as on the page."""
ADULT_FROM_YEARS, OLDEST_YEARS = 18, 130


@dataclass(frozen=True, slots=True, kw_only=True)
class HospitalOrder:
    """One slide that is asked for.

    Attributes:
        row: Where it stands in its file, the head being 1.
        number: The sample's label.
        age: Whose sample it is, as far as the rules ask.
        sample_type: What was smeared.
    """

    row: int
    number: str
    age: AgeGroup
    sample_type: SampleType


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is no order, in one line."""

    row: int
    why: str


def orders_in(data: bytes) -> list[HospitalOrder | BadRow]:
    """Return what a file orders, row by row; a file that is none is one bad row."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return [BadRow(1, "is not UTF-8 text")]
    try:
        lines = io.StringIO(text, newline="")
        rows = list(csv.reader(lines, delimiter=_mark_of(text), strict=True))
    except csv.Error as err:
        return [BadRow(1, f"is not CSV: {err}")]
    head = tuple(name.strip().lower() for name in rows[0]) if rows else ()
    if head != COLUMNS:
        return [BadRow(1, f"must be {','.join(COLUMNS)}")]
    found = enumerate(rows[1:], start=2)
    return [_order(i, row) for i, row in found if any(map(str.strip, row))]


def _mark_of(text: str) -> str:
    head = text.partition("\n")[0]
    return max(MARKS, key=head.count)


def _order(row: int, values: list[str]) -> HospitalOrder | BadRow:
    if len(values) != len(COLUMNS):
        return BadRow(row, f"has {len(values)} values, expected {len(COLUMNS)}")
    number, age, type_ = map(label, values)
    for why in _problems(number, age, type_):
        return BadRow(row, why)
    return HospitalOrder(
        row=row,
        number=number,
        age=_age(age.lower()),
        sample_type=SampleType(type_.lower()),
    )


def _problems(number: str, age: str, type_: str) -> Iterator[str]:
    if not 0 < len(number) <= MAX_NUMBER:
        yield f"number: must have 1 to {MAX_NUMBER} characters, has {len(number)}"
    if any(unicodedata.category(c) in HIDDEN for c in number):
        yield "number: holds a character that cannot be seen"
    known = {a.value for a in AgeGroup}
    is_years = age.isascii() and age.isdigit() and int(age[:4]) <= OLDEST_YEARS
    if age.lower() not in known and not is_years:
        yield f"age: must be whole years, child, adult or unknown, got {age[:20]!r}"
    if type_.lower() not in {t.value for t in SampleType}:
        yield f"type: must be blood or marrow, got {type_[:20]!r}"


def _age(text: str) -> AgeGroup:
    if not text.isdigit():
        return AgeGroup(text)
    return AgeGroup.ADULT if int(text) >= ADULT_FROM_YEARS else AgeGroup.CHILD
