"""The result of a screening as JSON: every promised key."""

import json
from dataclasses import replace

from tests.edge.records.one_screening import SCREENING

from leukoscope_edge.messages import NOT_FOR_CARE, message
from leukoscope_edge.outcome import Refusal
from leukoscope_edge.records.exports.result_json import result_bytes, result_object
from leukoscope_edge.screening_result import ScaleByCells


def test_the_result_has_every_promised_key() -> None:
    result = json.loads(result_bytes(SCREENING))
    assert result["verdict"] == "it is a test"
    assert result["marks"] == [message("preliminary").said(), NOT_FOR_CARE.said()]
    assert result["images"][1] == {
        "name": "b.png",
        "status": "skipped",
        "reason": "is truncated (its end is missing): copy it again",
        "message": {"id": "file-truncated", "params": {}},
        "searched": False,
        "width_px": 0,
        "height_px": 0,
    }
    assert result["cells"][1]["call"] == "blast"
    assert result["cells"][1]["p_blast"] == 0.9123
    assert result["cells"][1]["box_px"] == [1, 2, 30, 40]
    assert [c["counted"] for c in result["cells"]] == [True, True, False]
    model = {"id": "m", "sha256": "ab" * 32, "engine": "cpu", "fallback": ""}
    model["validation"] = "research"
    assert result["model"] == model
    assert result["count"]["blast_fraction_95"] == [0.1, 0.9]


def test_a_refusal_is_a_result_without_a_number_that_could_be_read_as_one() -> None:
    refused = replace(SCREENING, verdict=Refusal(reason=message("test")))
    result = result_object(refused)
    assert result["verdict"] == "No result, because it is a test."
    assert result["count"]["result"] == "none-possible"
    assert "blast_fraction_95" not in result["count"]
    assert result["count"]["n_blast"] is result["count"]["n_confirmed"] is None
    seen = replace(SCREENING, verdict=Refusal(reason=message("test"), n_blast=2))
    assert result_object(seen)["count"]["n_blast"] == 2


def test_a_scale_that_was_only_estimated_stands_there_with_its_interval() -> None:
    def said(estimate: ScaleByCells | None) -> object:
        return result_object(replace(SCREENING, scale_estimate=estimate))[
            "scale_estimate"
        ]

    known = ScaleByCells(um_per_px=0.1, low=0.09, high=0.12)
    assert said(known) == {"um_per_px": 0.1, "low": 0.09, "high": 0.12}
    assert said(ScaleByCells()) == dict.fromkeys(("um_per_px", "low", "high"))
    assert said(None) is None
