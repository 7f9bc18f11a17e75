"""Bytes sealed quickly: a guess costs little."""

import io

from leukoscope_edge.records.backups.sealed_file import SealedWriter

PASSPHRASE = "correct horse battery"  # noqa: S105
LOW_COST = 1 << 10


def sealed(data: bytes, passphrase: str = PASSPHRASE) -> bytes:
    """Return bytes sealed under a passphrase."""
    out = io.BytesIO()
    writer = SealedWriter(out, passphrase, cost=LOW_COST)
    writer.write(data)
    writer.close()
    return out.getvalue()
