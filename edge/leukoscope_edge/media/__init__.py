"""Removable disks: found, read, and written through one small program as root.

Offers the sticks at the device (`sticks_of`) and a new file on one (`new_file_on`).
"""

from typing import TYPE_CHECKING

from leukoscope_edge import load_on_use

if TYPE_CHECKING:
    from leukoscope_edge.media.new_file import FOLDER as FOLDER
    from leukoscope_edge.media.new_file import StickFile as StickFile
    from leukoscope_edge.media.removable_disks import READ_ONLY as READ_ONLY
    from leukoscope_edge.media.removable_disks import backups_on as backups_on
    from leukoscope_edge.media.removable_disks import new_file_on as new_file_on
    from leukoscope_edge.media.removable_disks import stick_named as stick_named
    from leukoscope_edge.media.removable_disks import stick_to_write as stick_to_write
    from leukoscope_edge.media.removable_disks import sticks_of as sticks_of
    from leukoscope_edge.media.removable_disks import (
        writable_sticks_of as writable_sticks_of,
    )
else:
    __getattr__, __all__ = load_on_use(__name__, __file__)
