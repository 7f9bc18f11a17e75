"""The differential as FHIR observations, one a kind: percent, its limits, the count.

Codes are of blood alone; of marrow each kind is a text. It is a manual count: people
have named every kind.

Source: loinc.org, panel 24318-8 (2.78) for basophils, blasts, eosinophils; loinc.org
58413-6 (2.80), which names 19048-8 as the term without a method. The others agree with
published copies of LOINC's table: 26511-6, 26478-8, 26485-3, 38518-7, 34992-8 without a
method; 26499-4, 26474-7, 26484-6, 51584-1 per volume; by manual count 23761-0, 714-6,
707-0, 737-7, 744-3, and 709-6 as ARUP 0040005 has it. For erythroblasts and immature
granulocytes none by manual count was found. 14912-0, smudge cells by manual count, is
not used: the device counts them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from leukoscope_edge.counting import Beside, Share
from leukoscope_edge.records.exports.cell_words import KINDS
from leukoscope_edge.records.exports.differential_table import shown_differential
from leukoscope_edge.records.exports.slide_version import SlideVersion
from leukoscope_edge.records.slides.kinds import is_marrow

LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
PER_100 = "/100{WBCs}"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Codes:
    """LOINC codes of a kind: a share without a method, by manual count, a count."""

    name: str
    percent: str
    manual: str = ""
    absolute: str = ""


CODES = {
    "neutrophil": Codes("Neutrophils", "26511-6", "23761-0", "26499-4"),
    "immature granulocyte": Codes("Immature granulocytes", "38518-7", "", "51584-1"),
    "eosinophil": Codes("Eosinophils", "26450-7", "714-6", "26449-9"),
    "basophil": Codes("Basophils", "30180-4", "707-0", "26444-0"),
    "lymphocyte": Codes("Lymphocytes", "26478-8", "737-7", "26474-7"),
    "monocyte": Codes("Monocytes", "26485-3", "744-3", "26484-6"),
    "blast": Codes("Blasts", "26446-5", "709-6", "30376-8"),
    "erythroblast": Codes("Nucleated erythrocytes", "19048-8"),
    "smudge": Codes("Smudge cells", "34992-8"),
}


def kind_observations(version: SlideVersion) -> Iterator[Json]:
    """Yield what differs from observation to observation: name, code, value, parts.

    The share of blasts is not among them: it has observations of its own.
    """
    found = shown_differential(version)
    if found is None:
        return
    for share in found.shares:
        if share.kind != "blast":
            yield _share(version, share)
        if share.kind and (absolute := _absolute(version, share)):
            yield absolute
    for beside in found.beside:
        yield _beside(version, beside)


def _share(version: SlideVersion, share: Share) -> Json:
    limits = (("low", share.interval.low), ("high", share.interval.high))
    parts = [
        {"code": {"text": f"95 % interval, {end}"}, "valueQuantity": _percent(100 * x)}
        for end, x in limits
    ]
    return {
        "_name": f"Share of {share.kind or 'not told'}",
        "code": _percent_code(version, share.kind),
        "valueQuantity": _percent(share.percent),
        "component": [*_counts(share.n, share.of), *parts],
    }


def _absolute(version: SlideVersion, share: Share) -> Json | None:
    wbc, codes = version.record.facts.wbc_10e9_per_l, CODES[share.kind]
    if wbc is None or is_marrow(version.record) or not codes.absolute:
        return None
    display = f"{codes.name} [#/volume] in Blood"
    value = round(wbc * share.n / share.of, 3)
    return {
        "_name": f"Number of {share.kind}",
        "code": _code(codes.absolute, display),
        "valueQuantity": _quantity(value, "10*9/L"),
        "component": _counts(share.n, share.of),
    }


def _beside(version: SlideVersion, beside: Beside) -> Json:
    return {
        "_name": f"Number of {beside.kind}",
        "code": _percent_code(version, beside.kind),
        "valueQuantity": _quantity(round(beside.per_100, 2), PER_100),
        "component": _counts(beside.n, beside.leukocytes),
    }


def _percent_code(version: SlideVersion, kind: str) -> Json:
    codes = CODES.get(kind)
    if codes is None or is_marrow(version.record):
        what = "nucleated cells" if is_marrow(version.record) else "leukocytes"
        return {"text": f"{KINDS[kind]}/100 {what}"}
    ratio = " [Ratio]" if kind == "erythroblast" else ""
    display = f"{codes.name}/Leukocytes{ratio} in Blood"
    if codes.manual:
        return _code(codes.manual, f"{display} by Manual count")
    return _code(codes.percent, display)


def _counts(n: int, of: int) -> list[Json]:
    return [
        {"code": {"text": "Cells of this kind"}, "valueInteger": n},
        {"code": {"text": "Cells that the share is of"}, "valueInteger": of},
    ]


def _code(code: str, display: str) -> Json:
    return {"coding": [{"system": LOINC, "code": code, "display": display}]}


def _percent(value: float) -> Json:
    return _quantity(round(value, 2), "%")


def _quantity(value: float, unit: str) -> Json:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}
