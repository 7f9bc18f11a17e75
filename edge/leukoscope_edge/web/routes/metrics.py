"""The health as plain values: for a monitor on this machine, and for nobody else."""

import ipaddress

from fastapi import APIRouter, HTTPException, Request, Response

from leukoscope_edge.service import MEDIA_TYPE, metrics, read_health
from leukoscope_edge.web.access import device_of

router = APIRouter()


@router.get("/metrics")
def prometheus(request: Request) -> Response:
    """Return the figures for Prometheus, to this machine alone.

    Raises:
        HTTPException: Somebody else asks (404, as if there were nothing).
    """
    if not _is_here(request.client.host if request.client else ""):
        raise HTTPException(404)
    found = read_health(device_of(request).store.folder)
    return Response(metrics(found), media_type=MEDIA_TYPE)


def _is_here(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
