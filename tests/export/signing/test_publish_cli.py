"""The steps of a signing: each refusal is one line."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.export.publisher import HOLDERS, Publisher


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda c, b: c.root(*HOLDERS[:4], "ann", "fay"), "one place"),
        (lambda c, b: c.root(*HOLDERS) or c.seal(), "more signatures"),
        (lambda c, b: c.release(b, 0), "too small"),
        (lambda c, b: c.release(b, 1, revokes='[""]', machine='"'), "notes.toml"),
        (lambda c, b: c.key("ann"), "exists"),
        (
            lambda c, b: c.run("sign", c.secret, "--key", c.secret, secret=True),
            "cannot be unlocked",
        ),
        (lambda c, b: c.run("stick", "--repo", c.repo, "--out", c.folder), "read"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    publisher: Publisher,
    bundle: Path,
    capsys: pytest.CaptureFixture[str],
    act: Callable[[Publisher, Path], int],
    words: str,
) -> None:
    capsys.readouterr()
    assert act(publisher, bundle) == 1
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert words in line
