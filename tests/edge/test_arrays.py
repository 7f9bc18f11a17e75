"""The names of the types of arrays say what an array holds."""

import typing

import numpy as np

from leukoscope_edge import arrays

HELD = {
    "U8": np.uint8,
    "I32": np.int32,
    "F32": np.float32,
    "F64": np.float64,
    "BoolArray": np.bool_,
}


def test_every_name_says_what_it_holds() -> None:
    aliases = {n: v for n, v in vars(arrays).items() if typing.get_origin(v)}
    held = {n: typing.get_args(typing.get_args(v)[1])[0] for n, v in aliases.items()}
    assert held == HELD
