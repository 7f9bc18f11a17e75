"""The models of a device as its page lists them."""

import pytest
from tests.edge.web.stand_ins import NAME, fill_slide, new_slide_of

from leukoscope_edge import updates
from leukoscope_edge.inference import shipped_bundle_for
from leukoscope_edge.web.device import Device
from leukoscope_edge.web.model_list import listed_models, open_slides


def test_a_new_device_lists_the_shipped_model_that_serves(device: Device) -> None:
    [model] = listed_models(device)
    assert model.card.id == device.bundle.card.id
    assert (model.release, model.is_serving) == ("", True)
    assert (model.n_slides, model.first, model.last) == (0, "", "")


def test_a_model_says_which_slides_it_judged(device: Device) -> None:
    slides = [fill_slide(device, n_normal=1) for _ in range(3)]
    [model] = listed_models(device)
    assert (model.n_slides, model.first, model.last) == (3, slides[0], slides[-1])


def test_a_damaged_model_hides_no_other(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = shipped_bundle_for("simulated")
    damaged = device.store.folder / "models" / "simulated" / "1-2"
    damaged.mkdir(parents=True)
    monkeypatch.setattr(updates, "folders", lambda *_: [damaged, shipped])
    assert [m.card.id for m in listed_models(device)] == [device.bundle.card.id]


def test_slides_that_are_begun_and_not_finished_are_open(device: Device) -> None:
    assert open_slides(device) == []
    fill_slide(device, n_normal=1)
    running = fill_slide(device, n_normal=1, is_finished=False)
    never_counted = device.store.start_slide(new_slide_of(device), NAME)
    voided = device.store.start_slide(new_slide_of(device), NAME)
    device.store.review.void(voided, "the wrong slide", NAME)
    assert [r.id for r in open_slides(device)] == [never_counted, running]
