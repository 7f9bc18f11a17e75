"""`leukoscope records` and `screen --data` as a user meets them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from leukoscope_edge.cli import main
from leukoscope_edge.cli.commands.records import MAX_PASSPHRASE, _passphrase
from leukoscope_edge.errors import RecordError
from leukoscope_edge.records import DATABASE_NAME
from leukoscope_edge.records.exports import INTENDED_USE

SOURCE = "simulated:seed=5,frames=30"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "records"
    assert (
        main(["screen", SOURCE, "--keep", "--data", str(folder), "--sample", "TUBE-7"])
        == 0
    )
    return folder


@pytest.fixture
def run(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    capsys.readouterr()

    def call(*arguments: str) -> tuple[int, str, str]:
        action, *rest = arguments
        status = main(["records", action, "--data", str(made), *rest])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return call


Run = Callable[..., tuple[int, str, str]]


def test_lists_what_was_screened(run: Run) -> None:
    status, out, _ = run("list")
    assert status == 0
    assert out.startswith("0001 ")
    assert "TUBE-7" in out
    assert "SIMULATION: " in out


def test_shows_a_slide_as_json(run: Run) -> None:
    status, out, _ = run("show", "0001")
    shown = json.loads(out)
    assert status == 0
    assert shown["state"] == "review"
    assert shown["identity"]["sample"] == "TUBE-7"
    assert shown["intended_use"] == INTENDED_USE
    assert all(len(c["frame_sha256"]) == 64 for c in shown["cells"])
    assert shown["origin"]["bundle"] == "simulated-1"


def test_a_refusal_is_shown_without_a_zero_that_reads_as_a_negative(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--data", str(tmp_path / "records")]
    few = "simulated:seed=5,frames=4,blasts=0"
    assert main(["screen", few, "--keep", "--sample", "T", *data]) == 0
    capsys.readouterr()
    assert main(["records", "show", "0001", *data]) == 0
    machine = json.loads(capsys.readouterr().out)["machine"]
    assert machine["blast_fraction_95"] is None
    assert (machine["n_blast"], machine["n_confirmed"]) == (None, None)


def test_reproduces_a_slide_to_the_bit(run: Run) -> None:
    status, out, _ = run("reproduce", "0001")
    assert status == 0
    assert " 0 differ" in out
    assert "largest difference of a probability 0\n" in out


def test_a_slide_that_a_network_segmented_is_kept_with_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--data", str(tmp_path / "records")]
    few = "simulated:seed=5,frames=4"
    unet = ["--segmenter", "unet-nuclei-1"]
    assert main(["screen", few, "--keep", "--sample", "T", *unet, *data]) == 0
    capsys.readouterr()
    assert main(["records", "show", "0001", *data]) == 0
    assert '"segmenter": "unet-nuclei-1"' in capsys.readouterr().out
    assert main(["records", "reproduce", "0001", *data]) == 0
    assert " 0 differ" in capsys.readouterr().out


def test_does_not_reproduce_with_another_model(
    run: Run, bundle_factory: Callable[..., Path], made: Path
) -> None:
    folder = bundle_factory(domain="simulated")
    status = main(
        [
            "records",
            "reproduce",
            "0001",
            "--data",
            str(made),
            "--bundle",
            str(folder),
        ]
    )
    assert status == 1


def test_exports_all_formats_and_can_name_nobody(run: Run, tmp_path: Path) -> None:
    status, out, _ = run("export", "0001", "--out", str(tmp_path), "--deidentify")
    assert status == 0
    assert len(out.splitlines()) == 3
    names = sorted(p.name for p in tmp_path.iterdir())
    stem = "slide-0001-v1-deidentified"
    assert names == [f"{stem}.csv", f"{stem}.fhir.json", f"{stem}.pdf"]
    assert all(b"TUBE-7" not in p.read_bytes() for p in tmp_path.iterdir())


def test_verifies_the_audit_and_a_reports_code(run: Run) -> None:
    status, out, _ = run("verify-audit")
    assert status == 0
    code = out.strip().rpartition(" ")[2]
    assert run("verify-audit", "--code", code)[0] == 0
    status, out, _ = run("verify-audit", "--code", "0000-0000-0000")
    assert status == 1
    assert "was cut off" in out


@pytest.mark.parametrize("name", ["/dev/zero", "/"])
def test_a_passphrase_is_a_line_that_ends(run: Run, tmp_path: Path, name: str) -> None:
    status, _, err = run("backup", str(tmp_path), "--passphrase-file", name)
    assert status == 1
    assert "cannot be read as a passphrase" in err


@pytest.mark.parametrize(
    ("ending", "status"), [("", 0), ("\nnotes", 0), ("x", 1), ("x\nnotes", 1)]
)
def test_a_passphrase_is_read_whole_or_refused(
    tmp_path: Path, ending: str, status: int
) -> None:
    secret = tmp_path / "secret"
    secret.write_text(MAX_PASSPHRASE * "k" + ending)
    if status:
        with pytest.raises(RecordError, match="first line has more than"):
            _passphrase(secret)
    else:
        assert _passphrase(secret) == MAX_PASSPHRASE * "k"
    assert MAX_PASSPHRASE > 5464  # a key in base64 of 4 KiB opened what it had sealed


def test_backs_up_restores_and_erases(
    run: Run, made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a long passphrase\n")
    options = ("--passphrase-file", str(secret))
    status, out, _ = run("backup", str(tmp_path), *options)
    assert status == 0
    other = tmp_path / "other"
    backup = out.strip()
    arguments = ["records", "restore", backup, *options, "--data", str(other)]
    assert main(arguments) == 0
    assert main(["records", "erase", "0001", "--data", str(other)]) == 0
    assert main(["records", "list", "--data", str(other)]) == 0
    assert "erased" in capsys.readouterr().out.splitlines()[-1]
    assert main(["records", "retain", "--data", str(other)]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "0099"), "there is no slide 0099"),
        (("show", "../x"), "there is no slide ../x"),
        (("retain", "--pictures-days", "0"), "at least 1 day"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    run: Run, arguments: tuple[str, ...], message: str
) -> None:
    status, out, err = run(*arguments)
    assert (status, out) == (1, "")
    assert message in err
    assert len(err.splitlines()) == 1


def test_a_folder_without_records_is_not_made_into_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["records", "list", "--data", str(tmp_path / "gone")]) == 1
    assert "name their folder with --data" in capsys.readouterr().err
    assert not (tmp_path / "gone").exists()


def test_an_unusable_folder_is_refused_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("x")
    assert main(["screen", SOURCE, "--keep", "--data", str(tmp_path / "file")]) == 1
    assert "cannot be opened" in capsys.readouterr().err


def test_no_command_moves_records_that_are_damaged(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The service alone mends them: who screens or lists asked for nothing like it."""
    folder = shutil.copytree(made, tmp_path / "records")
    (folder / DATABASE_NAME).write_bytes(b"not a database at all" * 100)
    there = sorted(folder.rglob("*.sqlite*"))
    for words in (
        ("screen", SOURCE, "--keep"),
        ("records", "list"),
        ("records", "verify-audit"),
    ):
        assert main([*words, "--data", str(folder)]) == 1
        error = capsys.readouterr().err
        assert "nothing was changed: start the service" in error
        assert error.count("\n") == 1
    assert main(["screen", SOURCE, "--data", str(folder)]) == 0
    assert "the background of the records is not used" in capsys.readouterr().err
    assert sorted(folder.rglob("*.sqlite*")) == there
    assert not (folder / "damaged-1").exists()
