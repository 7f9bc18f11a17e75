"""List every piece of software and every model on a device, as CycloneDX 1.6.

    python tools/make_sbom.py STICK --out leukoscope.cdx.json

STICK is what tools/make_wheelhouse.py made: what is listed are the very wheels that a
device installs, each with its SHA-256 and licence, and the model bundles that this
version ships, and the fonts. The same stick gives the same bytes.
"""

import argparse
import email
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

from leukoscope_edge import __version__
from leukoscope_edge.durable import sha256_of
from leukoscope_edge.inference import Card, open_bundle, shipped_bundles
from leukoscope_edge.records.exports import OWN
from leukoscope_export.signing import model_component, sbom_document


def main(arguments: list[str] | None = None) -> int:
    """Write the list; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("stick", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    wheels = sorted((options.stick / "wheels").glob("*.whl"))
    if not wheels:
        print(f"{options.stick}: no wheels; run make_wheelhouse.py", file=sys.stderr)
        return 1
    cards = [open_bundle(f).card for f in shipped_bundles().values()]
    bill = bill_of_materials(wheels, cards)
    options.out.write_text(json.dumps(bill, indent=1, ensure_ascii=False) + "\n")
    print(f"{options.out}: {len(wheels)} packages, {len(cards)} models")
    return 0


def bill_of_materials(wheels: list[Path], cards: list[Card]) -> dict[str, Any]:
    """Return what a device consists of, as a CycloneDX document."""
    device = {
        "type": "device",
        "bom-ref": "device",
        "name": "leukoscope",
        "version": __version__,
    }
    components = [
        *map(_package, wheels),
        *map(model_component, cards),
        *map(_font, sorted(OWN.glob("*.ttf"))),
    ]
    return sbom_document(device, components)


def _package(wheel: Path) -> dict[str, Any]:
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        metadata = email.message_from_bytes(archive.read(name))
    purl = f"pkg:pypi/{metadata['Name'].lower()}@{metadata['Version']}"
    return {
        "type": "library",
        "bom-ref": purl,
        "name": metadata["Name"],
        "version": metadata["Version"],
        "purl": purl,
        "hashes": _hashes(sha256_of(wheel)),
        "licenses": [{"license": {"name": _licence(metadata)}}],
    }


def _licence(metadata: "email.message.Message[str, str]") -> str:
    """Return what a package says of its licence; old ones say it in a classifier."""
    classifiers = [
        c.rpartition(" :: ")[2]
        for c in metadata.get_all("Classifier", [])
        if c.startswith("License :: ")
    ]
    stated = metadata["License-Expression"] or metadata["License"] or ""
    return stated.split("\n")[0] or ", ".join(classifiers) or "not stated"


def _font(path: Path) -> dict[str, Any]:
    return {
        "type": "file",
        "bom-ref": f"font:{path.name}",
        "name": path.name,
        "hashes": _hashes(sha256_of(path)),
        "licenses": [{"license": {"id": "OFL-1.1"}}],
    }


def _hashes(sha256: str) -> list[dict[str, str]]:
    return [{"alg": "SHA-256", "content": sha256}]


if __name__ == "__main__":
    sys.exit(main())
