"""The program itself by stick: from six keys to a device that runs what was signed."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.export.publisher import HOLDERS, Publisher

from leukoscope_edge.cli import main as leukoscope
from leukoscope_export.__main__ import main as export


class Release:
    """A publisher, a stick with little on it, and a device that trusts them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.stick = folder, folder / "stick"
        self.settings, self.ran = folder / "settings", folder / "ran"
        self.publisher = Publisher(folder)
        assert self.publisher.root(*HOLDERS) == 0
        self.publisher.sign("1.root.json", "ann", "ben")
        self.n_signed = 0

    @property
    def root(self) -> Path:
        return self.publisher.repo / "metadata" / "1.root.json"

    def make(self, words: str) -> None:
        """Make a stick whose provisioning writes down that it ran."""
        shutil.rmtree(self.stick, ignore_errors=True)
        (self.stick / "wheels").mkdir(parents=True)
        (self.stick / "firmware_config" / "systemd").mkdir(parents=True)
        (self.stick / "wheels" / "a-1-py3-none-any.whl").write_bytes(b"wheel")
        (self.stick / "firmware_config/systemd/one@.service").write_text("[Unit]\n")
        script = f'echo "{words} $LEUKOSCOPE_CHECKED $*" >>{self.ran}\n'
        (self.stick / "firmware_config" / "provision.sh").write_text(script)
        files = sorted(p for p in self.stick.rglob("*") if p.is_file())
        lines = [
            f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(self.stick)}"
            for p in files
        ]
        (self.stick / "SHA256SUMS").write_text("\n".join(lines) + "\n")

    def sign(self, *holders: str) -> None:
        self.n_signed += 1
        repo = ["--repo", str(self.publisher.repo)]
        assert export(["publish", "software", str(self.stick), *repo]) == 0
        self.publisher.sign(f"{self.n_signed}.targets.json", *holders)
        assert self.publisher.seal() == 0
        shutil.rmtree(self.stick / "LEUKOSCOPE-SOFTWARE", ignore_errors=True)
        assert export(["publish", "stick", *repo, "--out", str(self.stick)]) == 0

    def run(self, *words: str) -> int:
        return leukoscope(["software", *words, "--settings", str(self.settings)])

    def install(self, *words: str) -> int:
        return self.run("install", str(self.stick), *words)


@pytest.fixture
def release(tmp_path: Path) -> Release:
    made = Release(tmp_path)
    made.make("first")
    made.sign("dora", "emil")
    assert made.run("trust", str(made.root)) == 0
    return made


def test_what_was_signed_is_what_runs(release: Release) -> None:
    assert release.run("verify", str(release.stick)) == 0
    assert not release.ran.exists()
    assert sorted(p.name for p in release.settings.iterdir()) == ["root.json"]
    assert release.install("--kiosk", "--profile", "raspberry-pi-5") == 0
    assert release.install() == 0  # the same again, after a change of the profile
    assert release.ran.read_text().splitlines() == [
        "first yes --profile raspberry-pi-5 --kiosk",
        "first yes ",
    ]


def test_a_later_one_is_taken_and_an_older_one_never_again(
    release: Release, capsys: pytest.CaptureFixture[str]
) -> None:
    older = release.folder / "older"
    shutil.copytree(release.stick, older)
    release.make("second")
    release.sign("dora", "emil")
    assert release.install() == 0
    assert release.run("install", str(older)) == 1
    assert "U05" in capsys.readouterr().err
    assert release.ran.read_text().splitlines() == ["second yes "]


def changed(stick: Path) -> None:
    (stick / "wheels" / "a-1-py3-none-any.whl").write_bytes(b"other")


def script(stick: Path) -> None:
    (stick / "firmware_config" / "provision.sh").write_text("true\n")


def missing(stick: Path) -> None:
    (stick / "firmware_config/systemd/one@.service").unlink()


def link(stick: Path) -> None:
    wheel = stick / "wheels" / "a-1-py3-none-any.whl"
    wheel.rename(stick / "w")
    wheel.symlink_to(stick / "w")


def unsigned(stick: Path) -> None:
    shutil.rmtree(stick / "LEUKOSCOPE-SOFTWARE")


def other_list(stick: Path) -> None:
    (target,) = (stick / "LEUKOSCOPE-SOFTWARE" / "targets").iterdir()
    target.write_bytes(target.read_bytes()[:-1] + b"x")


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (changed, "U03"),
        (script, "U03"),
        (missing, "U02"),
        (link, "U03"),
        (unsigned, "U01"),
        (other_list, "U03"),
    ],
)
def test_a_stick_that_somebody_touched_runs_nothing(
    release: Release,
    spoil: Callable[[Path], None],
    code: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spoil(release.stick)
    assert release.install() == 1
    assert code in capsys.readouterr().err
    assert not release.ran.exists()


def test_the_list_beside_the_files_is_not_what_decides(release: Release) -> None:
    """Whoever changes a wheel changes SHA256SUMS too; the signed list is another."""
    changed(release.stick)
    made = hashlib.sha256(b"other").hexdigest()
    sums = release.stick / "SHA256SUMS"
    wheel = hashlib.sha256(b"wheel").hexdigest()
    sums.write_text(sums.read_text().replace(wheel, made))
    assert release.install() == 1
    assert not release.ran.exists()


def test_what_nobody_listed_is_not_copied(release: Release) -> None:
    extra = release.stick / "wheels" / "requirements-3-more.txt"
    extra.write_text("evil==1\n")
    script = release.stick / "firmware_config" / "provision.sh"
    assert script.exists()
    assert release.install() == 0
    assert release.ran.read_text() == "first yes \n"


def test_a_stranger_s_software_is_refused(
    release: Release, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "stranger").mkdir()
    stranger = Release(tmp_path / "stranger")
    stranger.make("strange")
    stranger.sign("dora", "emil")
    assert release.run("install", str(stranger.stick)) == 1
    assert "U04" in capsys.readouterr().err
    assert release.run("trust", str(stranger.root)) == 1
    assert "another root is trusted" in capsys.readouterr().err
    assert not stranger.ran.exists()


def test_without_a_word_whom_to_trust_nothing_is_taken(
    release: Release, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fresh = ["--settings", str(tmp_path / "fresh")]
    assert leukoscope(["software", "verify", str(release.stick), *fresh]) == 1
    assert "software trust" in capsys.readouterr().err
