"""The counting process of `leukoscope serve`."""

import signal
from pathlib import Path

from leukoscope_edge import updates
from leukoscope_edge.capture import domain_of
from leukoscope_edge.errors import LeukoscopeError, as_told
from leukoscope_edge.inference import shipped_bundle_for
from leukoscope_edge.live import Channel, Command, Order, is_closed, refuse_all, work
from leukoscope_edge.messages import message
from leukoscope_edge.profile import Profile
from leukoscope_edge.service import Pulse, run_folder

LOOK_AGAIN_S, CLOSED_S = 10.0, 1.0


def run_count(profile: Profile, data_dir: Path, *, safe: str, is_cpu_only: bool) -> int:
    """Count, or say why not, until told to leave.

    Args:
        profile: The device.
        data_dir: Of the records.
        safe: Why nothing may be screened, "" where it may.
        is_cpu_only: Leave the accelerator alone.
    """
    folder = run_folder(data_dir)
    line, pulse = Channel(folder), Pulse(folder, "count")
    # An order as any: the cells that were seen are kept, and the records let go of.
    signal.signal(signal.SIGTERM, lambda *_: line.orders.put(Order(do=Command.LEAVE)))
    if safe:
        refuse_all(safe, line, pulse)
        return 0
    if is_closed(data_dir):
        refuse_all(message("restoring"), line, pulse, for_s=CLOSED_S)
        return 0
    if updates.is_on_trial(data_dir):
        refuse_all(message("trial-on"), line, pulse, for_s=CLOSED_S)
        return 0
    domain = domain_of(profile.camera.source)
    try:
        bundle = updates.active_bundle(data_dir, domain) or shipped_bundle_for(domain)
        work(profile, data_dir, bundle, line, pulse, is_cpu_only=is_cpu_only)
    except (LeukoscopeError, OSError) as err:
        refuse_all(as_told(err), line, pulse, for_s=LOOK_AGAIN_S)
    return 0
