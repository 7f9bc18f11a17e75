"""The list of a stick's software: what it may name."""

from pathlib import Path

import pytest
from tests.edge.updates.conftest import Publisher
from tests.edge.updates.outcomes import code_of

from leukoscope_edge.errors import ConfigError, UpdateError
from leukoscope_edge.updates.software import (
    MAX_FILES,
    ROOT_NAME,
    parse_list,
    take_software,
    trust_software,
)

LINE = "0" * 64 + "  wheels/a.whl"


@pytest.mark.parametrize(
    ("text", "n_files"),
    [
        ("", None),
        (LINE, 1),
        (f"{LINE}\n{LINE}b\n", 2),
        (f"{LINE}\n{LINE}\n", None),  # a name twice
        (LINE.replace("wheels/", "wheels/../"), None),
        (LINE.replace("wheels/a", "/etc/a"), None),
        (LINE.replace("wheels/a", "wheels/.a"), None),
        (LINE.replace("wheels/", ""), None),
        (LINE.replace("0" * 64, "0" * 63), None),
        (f"{LINE}\n\n", None),
    ],
)
def test_a_list_names_plain_files_of_two_folders(
    text: str, n_files: int | None
) -> None:
    if n_files is None:
        with pytest.raises(Exception, match="SHA256SUMS"):
            parse_list(text.encode())
    else:
        assert len(parse_list(text.encode())) == n_files


def test_a_list_gives_each_files_hash_and_holds_a_thousand_at_most() -> None:
    lines = [f"{n:064x}  wheels/{n}.whl\n" for n in range(MAX_FILES + 1)]
    found = parse_list("".join(lines[:-1]).encode())
    assert len(found) == MAX_FILES
    assert found["wheels/7.whl"] == f"{7:064x}"
    with pytest.raises(UpdateError, match="SHA256SUMS"):
        parse_list("".join(lines).encode())


def test_a_device_that_trusts_nobody_takes_no_software(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="never told whose software to take"):
        take_software(tmp_path, tmp_path / "copy", tmp_path / "settings")
    assert not (tmp_path / "copy").exists()


def test_the_first_publisher_that_is_trusted_stays(
    tmp_path: Path, publisher: Publisher
) -> None:
    root, settings = tmp_path / "root.json", tmp_path / "settings"
    root.write_bytes(publisher.files["metadata/1.root.json"])
    assert trust_software(root, settings) == 1
    assert (settings / ROOT_NAME).read_bytes() == root.read_bytes()
    assert trust_software(root, settings) == 1  # the same once more
    root.write_text("{}")
    assert code_of(lambda: trust_software(root, settings)) == "U04"
    with pytest.raises(ConfigError, match="cannot be read"):
        trust_software(tmp_path / "misnamed.json", settings)
