"""What a monitor on this machine may read, and nobody else."""

import pytest
from tests.edge.web.stand_ins import Browser, fill_slide

from leukoscope_edge.web.app import create_app
from leukoscope_edge.web.device import Device


@pytest.mark.parametrize(
    ("address", "status"),
    [("127.0.0.1", 200), ("::1", 200), ("192.168.4.7", 404), ("nonsense", 404)],
)
def test_figures_are_for_this_machine_alone(
    device: Device, address: str, status: int
) -> None:
    fill_slide(device, n_normal=1, sample="SECRET-7", name="Amina B.")
    with Browser(
        create_app(device), base_url="http://localhost:8000", client=(address, 5000)
    ) as client:
        answer = client.get("/metrics")
    assert answer.status_code == status
    assert "SECRET" not in answer.text
    if status == 200:
        assert "leukoscope_up 0.0\n" in answer.text
