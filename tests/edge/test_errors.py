"""One tree of errors, and what the kernel says in one sentence with its cure."""

import ast
import errno
import os
import re
from pathlib import Path

import pytest

from leukoscope_edge import errors
from leukoscope_edge.errors import (
    LeukoscopeError,
    OutputError,
    UpdateError,
    in_one_sentence,
)
from leukoscope_edge.messages import message
from leukoscope_edge.updates import Code

NAMES = [
    n
    for n, v in vars(errors).items()
    if getattr(v, "__module__", "") == errors.__name__ and isinstance(v, type)
]


def test_an_error_of_ours_says_its_own_sentence() -> None:
    assert in_one_sentence(OutputError("out: is there already")) == (
        "out: is there already"
    )


@pytest.mark.parametrize(
    ("number", "cure"),
    [
        (errno.ENOSPC, "make a backup and take old pictures away"),
        (errno.EROFS, "start anew"),
        (errno.EIO, "the disk does not answer: call service"),
        (errno.EPERM, f"give it to user {os.geteuid()}, who runs this"),
        (errno.EACCES, f"`chown -R {os.geteuid()}` and `chmod -R u+rwX`"),
        (errno.EBADF, "call service"),
    ],
)
def test_what_the_kernel_says_comes_with_its_cure(number: int, cure: str) -> None:
    said = in_one_sentence(OSError(number, os.strerror(number), "records.db"))
    assert said.startswith(f"records.db: {os.strerror(number)}: ")
    assert said.endswith(cure) or f"{cure};" in said
    assert "\n" not in said


def test_without_a_file_the_device_is_named() -> None:
    said = in_one_sentence(OSError(errno.ENOSPC, "No space left on device"))
    assert said.startswith("the device: No space left on device: ")


def test_an_error_keeps_the_message_that_it_was_made_of() -> None:
    told = message("too-few", k=3, n=20)
    error = OutputError(told)
    assert (str(error), error.told) == (told.said(), told)
    assert OutputError("a plain sentence").told is None


def test_an_error_of_an_update_has_its_code_beside_its_line() -> None:
    told = Code.DAMAGED.told("card.toml")
    error = UpdateError(told)
    assert (error.code, error.detail) == ("U03", "card.toml")
    assert (error.told, str(error)) == (told, told.said())


@pytest.mark.parametrize("name", NAMES)
def test_every_error_stands_in_the_tree_of_the_docstring(name: str) -> None:
    kind = getattr(errors, name)
    assert issubclass(kind, LeukoscopeError)
    lines = (errors.__doc__ or "").splitlines()
    (line,) = [x for x in lines if re.search(rf"\b{name}\b", x) and "──" in x] or [""]
    depth = len(kind.__mro__) - len(LeukoscopeError.__mro__)
    assert (line.index(name) - 4) // 4 == depth if depth else not line


def test_the_tree_of_the_docstring_names_no_error_that_is_gone() -> None:
    tree = ast.parse(Path(errors.__file__).read_text())
    defined = {n.name for n in tree.body if isinstance(n, ast.ClassDef)}
    named = set(re.findall(r"── (\w+)", errors.__doc__ or ""))
    assert named == defined - {"LeukoscopeError"}
