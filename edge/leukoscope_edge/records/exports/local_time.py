"""A time of the records as people of this place read it, with its zone."""

from datetime import datetime


def local_time(at: str) -> str:
    """Return a time in the zone that the machine is set to, such as +01:00.

    Args:
        at: ISO 8601 with its zone, as the records keep it.
    """
    time = datetime.fromisoformat(at).astimezone()
    zone = time.strftime("%z")
    return f"{time:%Y-%m-%d %H:%M} UTC{zone[:3]}:{zone[3:]}"
