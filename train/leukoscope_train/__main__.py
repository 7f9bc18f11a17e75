"""The workstation's training commands.

python -m leukoscope_train prepare    cut every cell once, join people who share cells
python -m leukoscope_train pretrain   learn eight kinds of cell first
python -m leukoscope_train fit        cross-validate, calibrate, refit on everybody
python -m leukoscope_train compare    the same for several plans, in one table
python -m leukoscope_train learn      how much more people would help
python -m leukoscope_train calibrate  judge a fitted run again
python -m leukoscope_train evaluate   judge a fitted run on people never seen
python -m leukoscope_train audit      judge a fitted run group by group

`prepare simulated` cuts the cells of simulated slides; the same `fit` follows. Under
`torchrun --nproc-per-node N -m leukoscope_train` several GPUs or machines share a fit.
"""

import argparse
import sys

import cv2
import torch

from leukoscope_edge.errors import LeukoscopeError
from leukoscope_train.arguments import whole
from leukoscope_train.commands import data, documents, fitting, judging, kinds
from leukoscope_train.distributed import end, leave


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit status."""
    options = _parse(arguments)
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(1)
    try:
        options.run(options)
    except LeukoscopeError as err:
        print(f"leukoscope_train: {err}", file=sys.stderr)  # noqa: T201
        return 1
    finally:
        leave()
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m leukoscope_train")
    parser.add_argument("--threads", type=whole(1, 256), default=2, help="for torch")
    parser.add_argument(
        "--workers",
        type=whole(0, 256),
        default=1,
        help="processes that read cells ahead",
    )
    commands = parser.add_subparsers(required=True)
    for module in (data, fitting, judging, kinds, documents):
        module.add_commands(commands)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    end(main())
