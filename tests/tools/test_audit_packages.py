import importlib.util
from pathlib import Path
from typing import Any

import pytest

PATH = Path(__file__).resolve().parents[2] / "tools" / "audit_packages.py"
GOOD = {"name": "a", "version": "1", "vulns": []}
WEAK = {"name": "b", "vulns": [{"id": "CVE-1", "fix_versions": ["2.0"]}]}
SKIPPED = {"name": "c", "skip_reason": "not found"}


def audit() -> Any:
    spec = importlib.util.spec_from_file_location("audit_packages", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("packages", "status", "words"),
    [
        ([], 0, "NOT LOOKED UP HERE"),
        ([SKIPPED], 0, "NOT LOOKED UP HERE"),
        ([GOOD], 0, "1 packages, 0 known weaknesses"),
        ([GOOD, WEAK], 1, "b: CVE-1, mended in 2.0"),
        ([GOOD, SKIPPED], 1, "c: could not be looked up"),
    ],
)
def test_nothing_looked_up_is_never_nothing_found(
    packages: list[dict[str, Any]],
    status: int,
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert audit().judge(packages) == status
    said = capsys.readouterr()
    assert words in said.out + said.err


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo '{\"dependencies\": []}'", None),
        ("echo no network >&2; exit 1", "no network"),
        ("echo '{}'", "^$"),
        ("exec sleep 60", "no answer within 0.5 s"),
    ],
)
def test_without_a_network_there_is_a_reason_and_no_answer(
    tmp_path: Path, script: str, said: str | None
) -> None:
    program = tmp_path / "pip-audit"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    if said is None:
        assert audit().ask(str(program)) == []
        return
    with pytest.raises(LookupError, match=said):
        audit().ask(str(program), timeout_s=0.5 if "sleep" in script else 60.0)
