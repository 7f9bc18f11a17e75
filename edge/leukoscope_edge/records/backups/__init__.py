"""All records in one sealed file, and back."""

from typing import TYPE_CHECKING

from leukoscope_edge import load_on_use

if TYPE_CHECKING:
    from leukoscope_edge.records.backups.backup import SUFFIX as SUFFIX
    from leukoscope_edge.records.backups.backup import backup_name as backup_name
    from leukoscope_edge.records.backups.backup import note_backup as note_backup
    from leukoscope_edge.records.backups.backup import restore_backup as restore_backup
    from leukoscope_edge.records.backups.backup import seal as seal
    from leukoscope_edge.records.backups.backup import write_backup as write_backup
else:
    __getattr__, __all__ = load_on_use(__name__, __file__)
