"""The figures of every pass: for the checkpoint, TensorBoard and the curves."""

import json
from pathlib import Path
from typing import Any

from leukoscope_edge.durable import write_whole

Row = dict[str, float]


class History:
    """Rows of figures, one a pass; kept in the checkpoint so that a resume goes on."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def add(self, epoch: int, row: Row) -> None:
        """Add the figures of one pass."""
        self.rows.append({"epoch": float(epoch), **row})

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {"rows": self.rows}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.rows = [dict(row) for row in state["rows"]]

    def write(self, checkpoint: Path) -> None:
        """Write all rows as JSON, and the last one for TensorBoard, beside it."""
        from torch.utils.tensorboard import SummaryWriter

        text = json.dumps(self.rows, indent=1) + "\n"
        write_whole(history_path(checkpoint), text.encode())
        folder = str(checkpoint.parent / "tensorboard" / checkpoint.stem)
        row = self.rows[-1]
        with SummaryWriter(folder) as writer:
            for name, value in row.items():
                writer.add_scalar(name, value, int(row["epoch"]))


def history_path(checkpoint: Path) -> Path:
    """Return where the history of a checkpoint's fit is."""
    return checkpoint.with_suffix(".history.json")
