"""`python -m leukoscope_export publish ...`: the steps of a signing.

docs/updates.md tells who does which step where.
"""

import argparse
import getpass
from pathlib import Path

from leukoscope_edge.config import read_toml
from leukoscope_edge.updates import SIGNED_FOLDER
from leukoscope_export.signing import tuf_repository
from leukoscope_export.signing.keys import (
    PublishError,
    load_public,
    load_signer,
    make_key,
)


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("publish", help="sign a release and write its stick")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    key = actions.add_parser("key", help="make one key holder's pair of files")
    key.add_argument("name")
    key.add_argument("--out", type=Path, required=True)
    key.add_argument("--passphrase-file", type=Path)
    key.set_defaults(run=_key)
    root = actions.add_parser("root", help="draft the first or the next root of trust")
    root.add_argument("--repo", type=Path, required=True)
    root.add_argument("--root", type=Path, nargs="+", required=True)
    root.add_argument("--targets", type=Path, nargs="+", required=True)
    root.add_argument("--release", type=Path, required=True)
    root.set_defaults(run=_root)
    release = actions.add_parser("release", help="draft a release of a bundle")
    release.add_argument("bundle", type=Path)
    release.add_argument("--repo", type=Path, required=True)
    release.add_argument("--notes", type=Path, required=True)
    release.set_defaults(run=_release)
    software = actions.add_parser("software", help="draft a release of the program")
    software.add_argument("stick", type=Path, help="made by tools/make_wheelhouse.py")
    software.add_argument("--repo", type=Path, required=True)
    software.set_defaults(run=_software)
    sign = actions.add_parser("sign", help="add a signature to a drafted file")
    sign.add_argument("file", type=Path)
    sign.add_argument("--key", type=Path, required=True)
    sign.add_argument("--passphrase-file", type=Path)
    sign.set_defaults(run=_sign)
    seal = actions.add_parser("seal", help="seal what was signed")
    seal.add_argument("--repo", type=Path, required=True)
    seal.add_argument("--key", type=Path, required=True)
    seal.add_argument("--passphrase-file", type=Path)
    seal.set_defaults(run=_seal)
    stick = actions.add_parser("stick", help="write the folder for a stick")
    stick.add_argument("--repo", type=Path, required=True)
    stick.add_argument("--out", type=Path, required=True)
    stick.set_defaults(run=_stick)


def _say(text: str) -> None:
    print(text)  # noqa: T201


def _passphrase(options: argparse.Namespace) -> bytes:
    if options.passphrase_file is None:
        return getpass.getpass("passphrase: ").encode()
    try:
        data: bytes = options.passphrase_file.read_bytes()
    except OSError as err:
        raise PublishError(f"{options.passphrase_file}: {err.strerror}") from err
    return data.strip()


def _key(options: argparse.Namespace) -> None:
    private, public = make_key(options.out, options.name, _passphrase(options))
    _say(f"{private}: keep it off every network; hand out {public}")


def _root(options: argparse.Namespace) -> None:
    path = tuf_repository.draft_root(
        tuf_repository.Repository(options.repo),
        root=[load_public(p) for p in options.root],
        targets=[load_public(p) for p in options.targets],
        release=load_public(options.release),
    )
    _say(
        f"{path}: drafted; {tuf_repository.ROOT_THRESHOLD} of its root keys sign it now"
    )


def _release(options: argparse.Namespace) -> None:
    notes = read_toml(options.notes, tuf_repository.PublishNotes)
    path = tuf_repository.draft_release(
        tuf_repository.Repository(options.repo), options.bundle, notes
    )
    _say(f"{path}: drafted; both targets keys sign it now")


def _software(options: argparse.Namespace) -> None:
    path = tuf_repository.draft_software(
        tuf_repository.Repository(options.repo), options.stick
    )
    _say(f"{path}: drafted; both targets keys sign it now")


def _sign(options: argparse.Namespace) -> None:
    signer = load_signer(options.key, _passphrase(options))
    _say(f"{options.file}: {tuf_repository.sign(options.file, signer)} signatures")


def _seal(options: argparse.Namespace) -> None:
    signer = load_signer(options.key, _passphrase(options))
    tuf_repository.seal(tuf_repository.Repository(options.repo), signer)
    _say(f"{options.repo}: sealed")


def _stick(options: argparse.Namespace) -> None:
    folder = tuf_repository.write_stick(
        tuf_repository.Repository(options.repo), options.out
    )
    if folder.name == SIGNED_FOLDER:
        _say(f"{folder}: this stick is signed")
        return
    single = tuf_repository.write_single(folder)
    _say(f"{folder}: copy this folder onto the stick, or {single.name} alone")
