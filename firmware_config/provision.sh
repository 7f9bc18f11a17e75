#!/bin/sh
# Make a Leukoscope device from a fresh Debian, Ubuntu, Raspberry Pi OS or JetPack.
#
#   sudo ./provision.sh [--profile NAME] [--kiosk]
#
# For the first installation, once a person has compared the fingerprint of SHA256SUMS;
# after it: sudo leukoscope software install STICK. Lies beside a wheelhouse (tools/make_wheelhouse.py makes both, for a USB stick), from
# which everything is installed: Python packages never come from a network here. What
# the operating system lacks is installed by apt where there is a network, else named.
# Run it again after any change; what is there already is left as it is, and a site's
# own /etc/leukoscope/profile.toml is never overwritten.
set -eu

HERE=$(cd "$(dirname "$0")" && pwd)
STICK=$(dirname "$HERE")
WHEELHOUSE=$STICK/wheels
PREFIX=/opt/leukoscope
SETTINGS=/etc/leukoscope
DATA=/var/lib/leukoscope
PROFILE=auto
KIOSK=no

say() { echo "provision: $*" >&2; }
fail() { say "$*"; exit 1; }

read_options() {
  while [ $# -gt 0 ]; do
    case $1 in
      --profile) [ $# -ge 2 ] || fail "--profile needs a name"; PROFILE=$2; shift 2 ;;
      --kiosk) KIOSK=yes; shift ;;
      *) fail "unknown option $1; known: --profile NAME, --kiosk" ;;
    esac
  done
}

check_machine() {
  [ "$(id -u)" -eq 0 ] || fail "run it as root: sudo $0"
  [ -d "$WHEELHOUSE" ] || fail "$WHEELHOUSE is missing: make it with tools/make_wheelhouse.py"
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
    fail "Python 3.10 or later is needed, this is $(python3 --version 2>&1)"
}

# A stick that is damaged or half copied is named. Whoever made it, is for `leukoscope
# software install` to say, once a device knows whose software it takes.
check_stick() {
  if [ -e "$SETTINGS/software/root.json" ] && [ -z "${LEUKOSCOPE_CHECKED:-}" ]; then
    fail "this device takes signed software alone: sudo $PREFIX/venv/bin/leukoscope software install $STICK"
  fi
  [ -n "${LEUKOSCOPE_CHECKED:-}" ] ||
    (cd "$STICK" && sha256sum --strict --quiet --check SHA256SUMS >&2) ||
    fail "$STICK is damaged or incomplete: copy it anew"
}

board() {
  if [ -e /proc/device-tree/model ]; then tr -d '\0' </proc/device-tree/model; fi
}

# Packages of the operating system that this board's camera and screen need.
system_packages() {
  echo python3-venv
  case $(board) in
    "Raspberry Pi"*) echo python3-picamera2 ;;
    "NVIDIA Jetson"*) echo gstreamer1.0-tools ;;
  esac
  if [ "$KIOSK" = yes ]; then echo cage chromium; fi
}

install_system_packages() {
  missing=
  for package in $(system_packages); do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
      missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  say "installing$missing"
  # shellcheck disable=SC2086 # a list of names
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing ||
    fail "these packages are missing and cannot be installed here:$missing"
}

make_user() { # name home groups
  id "$1" >/dev/null 2>&1 ||
    useradd --system --home-dir "$2" --shell /usr/sbin/nologin "$1"
  for group in $3; do
    if getent group "$group" >/dev/null; then usermod -a -G "$group" "$1"; fi
  done
  install -d -m 0700 -o "$1" -g "$1" "$2"
}

# --system-site-packages: picamera2, libcamera and JetPack's TensorRT come with the
# operating system and are not on PyPI.
install_program() {
  [ -x "$PREFIX/venv/bin/python" ] ||
    python3 -m venv --system-site-packages "$PREFIX/venv"
  for name in requirements-1-needs.txt requirements-2-leukoscope.txt; do
    requirements=$WHEELHOUSE/$name
    "$PREFIX/venv/bin/python" -m pip install --quiet --no-index --no-deps \
      --find-links "$WHEELHOUSE" --require-hashes --requirement "$requirements" ||
      fail "the wheelhouse does not fit this machine: $(basename "$requirements")"
  done
}

# Whose software comes next; the first word stands. For root alone to say.
trust_publisher() {
  [ ! -e "$HERE/1.root.json" ] ||
    "$PREFIX/venv/bin/leukoscope" software trust "$HERE/1.root.json" >&2 ||
    fail "another publisher is trusted here"
}

choose_profile() {
  install -d -m 0755 "$SETTINGS"
  if [ -e "$SETTINGS/profile.toml" ]; then
    say "$SETTINGS/profile.toml is kept"
  else
    name=$(profile_entry "$PROFILE" name)
    install -m 0644 "$HERE/$name.toml" "$SETTINGS/profile.toml"
    say "profile $name"
  fi
}

profile_entry() { # profile entry
  "$PREFIX/venv/bin/leukoscope" profile show "$1" | python3 -c '
import json, sys
value = json.load(sys.stdin)
for key in sys.argv[1].split("."):
    value = (value or {}).get(key, "")
print({True: "yes", False: "no", None: ""}.get(value, value))' "$2"
}

site_entry() { profile_entry "$SETTINGS/profile.toml" "$1"; }

install_file() { # source target: only where it differs
  cmp -s "$1" "$2" || install -D -m 0644 "$1" "$2"
}

install_units() {
  for unit in leukoscope.service leukoscope-stick@.service leukoscope-kiosk.service \
    leukoscope-to-stick.socket leukoscope-to-stick@.service \
    leukoscope-night.service leukoscope-night.timer; do
    install_file "$HERE/systemd/$unit" "/etc/systemd/system/$unit"
  done
  case $(board) in
    "NVIDIA Jetson"*)
      install_file "$HERE/systemd/jetson.conf" \
        /etc/systemd/system/leukoscope.service.d/jetson.conf ;;
  esac
  install_file "$HERE/udev/70-leukoscope.rules" /etc/udev/rules.d/70-leukoscope.rules
  install_file "$HERE/polkit/50-leukoscope.rules" \
    /etc/polkit-1/rules.d/50-leukoscope.rules
}

apply_network_policy() {
  hotspot=/etc/NetworkManager/system-connections/leukoscope-hotspot.nmconnection
  if [ "$(site_entry network.hotspot)" != yes ]; then
    rm -f "$hotspot"
  elif [ ! -e "$hotspot" ]; then
    password=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
    install -D -m 0600 /dev/null "$hotspot"
    # Built in, so that no list of processes shows it, and printed nowhere.
    while IFS= read -r line; do
      case $line in
        '#'*) ;;
        *@PASSWORD@*) printf '%s%s%s\n' "${line%%@PASSWORD@*}" "$password" "${line#*@PASSWORD@}" ;;
        *) printf '%s\n' "$line" ;;
      esac
    done <"$HERE/hotspot.nmconnection.in" >"$hotspot"
    say "hotspot 'leukoscope'; its password: sudo grep psk= $hotspot"
  fi
  has_systemctl || return 0
  if [ "$(site_entry network.mdns)" = yes ]; then
    systemctl unmask avahi-daemon.service avahi-daemon.socket
  else
    systemctl mask avahi-daemon.service avahi-daemon.socket
  fi
}

set_power_mode() {
  wanted=$(site_entry board.power_mode)
  if [ -z "$wanted" ] || [ ! -e /etc/nvpmodel.conf ]; then return 0; fi
  id=$(sed -n "s/^< POWER_MODEL ID=\([0-9]*\) NAME=\(MODE_\)\{0,1\}$wanted >.*/\1/p" \
    /etc/nvpmodel.conf | head -n 1)
  [ -n "$id" ] || fail "/etc/nvpmodel.conf has no mode $wanted: change the profile"
  nvpmodel -m "$id"
}

has_systemctl() { command -v systemctl >/dev/null; }

start_service() {
  if ! has_systemctl; then say "no systemd here: nothing will start by itself"; return; fi
  systemctl enable --quiet leukoscope.service leukoscope-night.timer \
    leukoscope-to-stick.socket
  if [ "$KIOSK" = yes ]; then systemctl enable --quiet leukoscope-kiosk.service; fi
  [ -d /run/systemd/system ] || return 0 # a system that is being built, not run
  systemctl daemon-reload
  udevadm control --reload
  systemctl restart leukoscope-to-stick.socket leukoscope.service leukoscope-night.timer
}

read_options "$@"
check_machine
check_stick
install_system_packages
make_user leukoscope "$DATA" "video render"
install_program
trust_publisher
choose_profile
install_units
apply_network_policy
set_power_mode
if [ "$KIOSK" = yes ]; then make_user leukoscope-kiosk "$DATA-kiosk" "video input"; fi
start_service
"$PREFIX/venv/bin/leukoscope" model verify >&2
say "done"
