"""A plan that is fitted in seconds, and the command line in this process."""

from leukoscope_train.__main__ import main

PLAN = """\
architecture = "alexnet-tiny"
side_px = 24
n_epochs = 2
n_draws = 64
batch = 16
"""


def run(*words: object) -> int:
    return main(["--threads", "1", "--workers", "0", *map(str, words)])
