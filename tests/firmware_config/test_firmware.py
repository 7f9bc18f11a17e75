"""The files that make a computer a device: read by the tools that will read them."""

import importlib.util
import re
import shlex
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from leukoscope_edge.cli import main
from leukoscope_edge.config import tomllib
from leukoscope_edge.media import root_helper
from leukoscope_edge.records import open_store
from leukoscope_edge.service.supervisor import EXIT_REBOOT, TELL_S, TICK_S

ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "firmware_config"
UNITS = sorted((FIRMWARE / "systemd").glob("*.service"))
MOST_EXPOSED = {
    "leukoscope.service": 2.0,
    "leukoscope-night.service": 2.0,
    "leukoscope-kiosk.service": 4.5,  # a browser, on a screen
    "leukoscope-stick@.service": 6.0,  # it mounts, for all to see
    "leukoscope-to-stick@.service": 2.5,  # it makes a mount writable, for itself
}
"""systemd's own score, 0 safe to 10, that a unit must not exceed."""

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)
needs_shellcheck = pytest.mark.skipif(
    shutil.which("shellcheck") is None, reason="shellcheck is not installed"
)


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda u: u.name)
def test_systemd_understands_every_line_of_a_unit(unit: Path, tmp_path: Path) -> None:
    """The programs are not installed here, so that a stand-in takes their place."""
    text = re.sub(r"(?m)^(Exec\w+=)/\S+", r"\1/bin/true", unit.read_text())
    copy = tmp_path / unit.name
    copy.write_text(text)
    found = run("systemd-analyze", "verify", "--man=no", str(copy))
    ours = [line for line in found.stderr.splitlines() if "leukoscope" in line]
    assert ours == []


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda u: u.name)
def test_a_unit_is_not_more_exposed_than_it_must_be(unit: Path) -> None:
    found = run("systemd-analyze", "security", "--offline=true", str(unit))
    score = re.search(r"Overall exposure level for .*: ([\d.]+)", found.stdout)
    assert score is not None, found.stderr
    assert float(score[1]) <= MOST_EXPOSED[unit.name]


def test_the_watchdog_waits_longer_than_any_turn_that_is_in_time() -> None:
    text = (FIRMWARE / "systemd" / "leukoscope.service").read_text()
    assert "\nType=notify\n" in text
    watchdog = re.search(r"(?m)^WatchdogSec=(\d+)$", text)
    assert watchdog is not None
    assert float(watchdog[1]) > 2 * (TELL_S + TICK_S)


def test_systemd_reboots_for_the_policy_s_status_and_starts_for_any_other() -> None:
    text = (FIRMWARE / "systemd" / "leukoscope.service").read_text()
    assert f"\nRestartPreventExitStatus={EXIT_REBOOT}\n" in text
    assert f'"$EXIT_STATUS" = {EXIT_REBOOT} ]; then systemctl reboot' in text
    assert "\nRestart=always\n" in text
    assert "\nStartLimitIntervalSec=0\n" in text


def test_a_flood_of_lines_is_capped() -> None:
    lines = (FIRMWARE / "systemd" / "leukoscope.service").read_text().splitlines()
    assert "LogRateLimitIntervalSec=30s" in lines
    assert "LogRateLimitBurst=1000" in lines
    assert not any(line.startswith("StandardError=file") for line in lines)


@needs_systemd
def test_the_night_s_work_has_a_time_that_systemd_understands() -> None:
    text = (FIRMWARE / "systemd" / "leukoscope-night.timer").read_text()
    (when,) = re.findall(r"(?m)^OnCalendar=(.+)$", text)
    assert run("systemd-analyze", "calendar", when).returncode == 0
    assert "\nPersistent=true\n" in text


def test_nothing_is_erased_at_night_without_a_site_s_own_rule(tmp_path: Path) -> None:
    """What the unit runs is what the program takes; without a rule it does nothing."""
    text = (FIRMWARE / "systemd" / "leukoscope-night.service").read_text()
    assert "\nConditionPathExists=/etc/leukoscope/retention\n" in text
    (line,) = re.findall(r"(?m)^ExecStart=\S+/leukoscope (.+)$", text)
    open_store(tmp_path).close()
    line = line.replace("/var/lib/leukoscope", str(tmp_path))
    for rule in ("", "--pictures-days 3650 --identities-days 7300"):
        given = shlex.split(line.replace("$LEUKOSCOPE_RETENTION", rule))
        assert main(given) == 0


def test_the_service_reaches_this_machine_alone() -> None:
    for name in ("leukoscope.service", "leukoscope-kiosk.service"):
        lines = (FIRMWARE / "systemd" / name).read_text().splitlines()
        assert "IPAddressDeny=any" in lines
        allowed = [line for line in lines if line.startswith("IPAddressAllow=")]
        assert allowed == ["IPAddressAllow=localhost"]


def test_a_stick_is_mounted_so_that_nothing_on_it_can_run() -> None:
    text = (FIRMWARE / "systemd" / "leukoscope-stick@.service").read_text()
    assert "mount -o ro,nosuid,nodev,noexec " in text


def test_what_writes_to_a_stick_has_mounts_of_its_own() -> None:
    text = (FIRMWARE / "systemd" / "leukoscope-to-stick@.service").read_text()
    lines = text.splitlines()
    assert {"PrivateMounts=yes", "ProtectSystem=strict", "StandardInput=socket"} <= set(
        lines
    )
    (helper,) = re.findall(r"(?m)^ExecStart=\S+/python -I -m (\S+)$", text)
    assert helper == root_helper.__name__


def test_only_the_service_may_ask_for_a_file_on_a_stick() -> None:
    lines = (FIRMWARE / "systemd" / "leukoscope-to-stick.socket").read_text()
    assert f"\nListenStream={root_helper.SOCKET}\n" in lines
    assert "\nSocketUser=leukoscope\n" in lines
    assert "\nSocketMode=0600\n" in lines


def test_sticks_are_mounted_where_the_service_looks_for_them() -> None:
    text = (FIRMWARE / "systemd" / "leukoscope-stick@.service").read_text()
    assert f" /dev/%I {root_helper.STICKS}/%i\n" in text
    assert f"RuntimeDirectory={root_helper.STICKS.name}/%i\n" in text


@needs_systemd
def test_systemd_understands_the_socket_of_the_sticks(tmp_path: Path) -> None:
    for unit in (FIRMWARE / "systemd").glob("leukoscope-to-stick*"):
        text = re.sub(r"(?m)^(ExecStart=)/\S+", r"\1/bin/true", unit.read_text())
        (tmp_path / unit.name).write_text(text)
    socket = tmp_path / "leukoscope-to-stick.socket"
    found = run("systemd-analyze", "verify", "--man=no", str(socket))
    ours = [line for line in found.stderr.splitlines() if "leukoscope" in line]
    assert ours == []


def test_a_stick_without_owners_can_be_read_by_the_service() -> None:
    """FAT and exFAT take modes from the umask of the mounter, who is root."""
    text = (FIRMWARE / "systemd" / "leukoscope-stick@.service").read_text()
    (umask,) = re.findall(r"(?m)^UMask=(\d+)$", text)
    assert 0o777 & ~int(umask, 8) == 0o755


def test_the_rules_name_the_camera_that_the_profiles_open() -> None:
    rules = (FIRMWARE / "udev" / "70-leukoscope.rules").read_text()
    (name,) = re.findall(r'SYMLINK\+="([^"]+)"', rules)
    usb = [p for p in FIRMWARE.glob("*.toml") if 'kind = "v4l2"' in p.read_text()]
    assert usb
    assert all(f'device = "/dev/{name}"' in p.read_text() for p in usb)


@needs_shellcheck
def test_shellcheck_finds_nothing_in_the_provisioning() -> None:
    assert run("shellcheck", str(FIRMWARE / "provision.sh")).stdout == ""


@pytest.mark.parametrize("option", ["--profile", "--colour"])
def test_the_provisioning_refuses_wrong_use(option: str) -> None:
    script = FIRMWARE / "provision.sh"
    assert script.stat().st_mode & stat.S_IXUSR
    found = run(str(script), option)
    assert found.returncode == 1
    assert option in found.stderr


@pytest.mark.parametrize("spoil", ["a changed file", "a missing file", "no list"])
def test_a_damaged_stick_is_named_before_anything_is_installed(
    spoil: str, tmp_path: Path
) -> None:
    """With nothing to install by: only what looks at the stick can be found."""
    stick, programs = tmp_path / "stick", tmp_path / "bin"
    (stick / "firmware_config").mkdir(parents=True)
    (stick / "wheels").mkdir()
    programs.mkdir()
    for name in ("dirname", "sha256sum"):
        (programs / name).symlink_to(str(shutil.which(name)))
    (programs / "python3").symlink_to(sys.executable)
    (programs / "id").write_text("#!/bin/sh\necho 0\n")
    (programs / "id").chmod(0o755)
    script = stick / "firmware_config" / "provision.sh"
    script.write_bytes((FIRMWARE / "provision.sh").read_bytes())
    wheel = stick / "wheels" / "a.whl"
    wheel.write_bytes(b"wheel")
    wheelhouse().write_list(stick)
    if spoil == "a changed file":
        wheel.write_bytes(b"other")
    else:
        (wheel if spoil == "a missing file" else stick / "SHA256SUMS").unlink()
    found = subprocess.run(
        ["/bin/sh", str(script)],
        capture_output=True,
        text=True,
        env={"PATH": str(programs)},
        check=False,
    )
    assert found.returncode == 1
    assert "is damaged or incomplete" in found.stderr


def test_the_fingerprint_is_that_of_the_list(tmp_path: Path) -> None:
    for folder in ("wheels", "firmware_config"):
        (tmp_path / folder).mkdir()
    (tmp_path / "wheels" / "a.whl").write_bytes(b"wheel")
    fingerprint = wheelhouse().write_list(tmp_path)
    done = run("sha256sum", str(tmp_path / "SHA256SUMS"))
    assert done.stdout.split()[0] == fingerprint


def pins() -> dict[str, list[str]]:
    """Every pinned package with its lines."""
    lines = (FIRMWARE / "requirements.txt").read_text().replace("\\\n", "")
    found: dict[str, list[str]] = {}
    for line in lines.splitlines():
        if line and not line.startswith("#"):
            name = Requirement(line.partition(" --hash=")[0]).name
            found.setdefault(name, []).append(line)
    return found


def test_every_need_of_the_device_is_pinned_with_hashes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {Requirement(d).name for d in project["dependencies"]}
    assert needed <= set(pins())
    for lines in pins().values():
        assert all("==" in line and "--hash=sha256:" in line for line in lines)


def wheelhouse():
    path = ROOT / "tools" / "make_wheelhouse.py"
    spec = importlib.util.spec_from_file_location("make_wheelhouse", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("machine", ["aarch64", "x86_64"])
@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12", "3.13"])
def test_the_pins_of_one_target_have_one_version_and_no_condition(
    machine: str, python: str
) -> None:
    text = (FIRMWARE / "requirements.txt").read_text()
    lines = wheelhouse().pins_for(text, machine, python).splitlines()
    names = [Requirement(line.partition(" --hash=")[0]).name for line in lines]
    assert len(set(names)) == len(names)
    assert all(";" not in line for line in lines)
    assert {"numpy", "onnxruntime", "opencv-python-headless"} <= set(names)
    assert ("tomli" in names) is (python == "3.10")
    assert "colorama" not in names
