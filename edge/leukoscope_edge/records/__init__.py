"""What is kept of a screening: events in a ledger, pictures, and the device's own log.

Offers the store that holds them all (`open_store`), its upkeep (`Retention`), the lists
of orders that a hospital brings, and a screening kept after the fact. `records.slides`,
`records.exports` and `records.backups` are rooms of their own.
"""

from typing import TYPE_CHECKING

from leukoscope_edge import load_on_use

if TYPE_CHECKING:
    from leukoscope_edge.records.changes import CriticalCall as CriticalCall
    from leukoscope_edge.records.database import check_unused as check_unused
    from leukoscope_edge.records.device_log import DEVICE as DEVICE
    from leukoscope_edge.records.device_log import MAX_SEQ as MAX_SEQ
    from leukoscope_edge.records.events import Event as Event
    from leukoscope_edge.records.events import Head as Head
    from leukoscope_edge.records.events import hash_of as hash_of
    from leukoscope_edge.records.import_screening import hashed as hashed
    from leukoscope_edge.records.import_screening import (
        keep_screening as keep_screening,
    )
    from leukoscope_edge.records.maintenance import DAMAGED as DAMAGED
    from leukoscope_edge.records.maintenance import LOOKING as LOOKING
    from leukoscope_edge.records.orders import BadRow as BadRow
    from leukoscope_edge.records.orders import HospitalOrder as HospitalOrder
    from leukoscope_edge.records.orders import orders_in as orders_in
    from leukoscope_edge.records.pictures import Pictures as Pictures
    from leukoscope_edge.records.pictures import apart as apart
    from leukoscope_edge.records.pictures import from_png as from_png
    from leukoscope_edge.records.pictures import jpeg_bytes as jpeg_bytes
    from leukoscope_edge.records.pictures import pixels_sha256 as pixels_sha256
    from leukoscope_edge.records.pictures import png_bytes as png_bytes
    from leukoscope_edge.records.retention import Retention as Retention
    from leukoscope_edge.records.retention import apply_retention as apply_retention
    from leukoscope_edge.records.store import DATABASE_NAME as DATABASE_NAME
    from leukoscope_edge.records.store import ERASING as ERASING
    from leukoscope_edge.records.store import Store as Store
    from leukoscope_edge.records.store import open_store as open_store
    from leukoscope_edge.records.witnesses import read_only as read_only
else:
    __getattr__, __all__ = load_on_use(__name__, __file__)
