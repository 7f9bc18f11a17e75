"""The API about the device: its model, its tests, its records as a whole."""

from tests.edge.web.stand_ins import Browser

from leukoscope_edge.web.device import Device
from leukoscope_edge.web.health import health


def test_the_quality_test_is_asked_for_and_then_kept(
    browser: Browser, device: Device
) -> None:
    assert not health(device)[-1].is_good
    assert browser.post("/api/device/golden-cells", json={}).status_code == 200
    assert health(device)[-1].is_good
    assert "stored cells" in browser.get("/device").text.lower()
