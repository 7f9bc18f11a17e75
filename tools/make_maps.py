"""Make docs/regulatory-map.md and docs/risks.md from their TOML files, or check them.

    python tools/make_maps.py            write both pages
    python tools/make_maps.py --check    exit 1 where a page is old or a proof is gone

Both tables say what is asked or feared, what answers it and which test proves that.
Every module, document and test that they name must exist in this checkout.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from leukoscope_edge.config import read_toml
from leukoscope_edge.errors import LeukoscopeError

Item = TypeVar("Item")
ROOT = Path(__file__).resolve().parents[1]
MAP, RISKS = Path("docs/regulatory-map.toml"), Path("docs/risks.toml")
MADE = "*Made by `python tools/make_maps.py` from `{}`. Do not edit.*\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A law or standard."""

    id: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What a law or standard asks for, and what answers it.

    Attributes:
        source: Id of the source.
        clause: Where it stands.
        asks: What it asks for, in our own words.
        feature: What answers it, empty where nothing does.
        modules: Files that hold the feature.
        tests: What proves it, `path::name`.
        documents: Files that answer by being written.
        missing: What is not met and why, empty where nothing is missing.
    """

    source: str
    clause: str
    asks: str
    feature: str = ""
    modules: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    missing: str = ""

    @property
    def status(self) -> str:
        """One of yes, partly, no."""
        if not self.missing:
            return "yes"
        return "partly" if self.feature else "no"

    @property
    def gaps(self) -> list[str]:
        """What the entry itself lacks."""
        where = f"{self.source} {self.clause}"
        proved = (self.modules and self.tests) or self.documents
        found = []
        if not self.feature and not self.missing:
            found.append(f"{where}: has neither a feature nor what is missing")
        if self.feature and not proved:
            found.append(f"{where}: its feature has no modules with tests, no document")
        if bool(self.modules) != bool(self.tests):
            found.append(f"{where}: modules and tests come together")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class RegulatoryMap:
    """All of `docs/regulatory-map.toml`."""

    source: tuple[Source, ...]
    requirement: tuple[Requirement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """What lowers a risk, and what proves that it does."""

    kind: Literal["design", "protection", "information"]
    what: str
    tests: tuple[str, ...] = ()
    unproved: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """One hazardous situation with its controls."""

    id: str
    situation: str
    cause: str
    harm: str
    severity: Literal["critical", "serious", "minor"]
    residual: str
    controls: tuple[Control, ...]

    @property
    def gaps(self) -> list[str]:
        """What the entry itself lacks."""
        found = [
            f"{self.id}: '{c.what}' has tests or says why not, not both or neither"
            for c in self.controls
            if bool(c.tests) == bool(c.unproved)
        ]
        if not self.controls:
            found.append(f"{self.id}: has no control")
        if not self.residual:
            found.append(f"{self.id}: does not say what risk stays")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Risks:
    """All of `docs/risks.toml`."""

    risk: tuple[Risk, ...]


def main() -> int:
    """Write the pages, or say what is wrong with them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args()
    try:
        found = read_toml(ROOT / MAP, RegulatoryMap)
        risks = read_toml(ROOT / RISKS, Risks)
    except LeukoscopeError as err:
        print(f"make_maps: {err}", file=sys.stderr)
        return 1
    pages = {
        MAP.with_suffix(".md"): map_page(found),
        RISKS.with_suffix(".md"): risks_page(risks),
    }
    wrong = [*map_problems(found), *risk_problems(risks)]
    for path, text in pages.items():
        if not options.check:
            (ROOT / path).write_text(text)
        elif not (ROOT / path).exists() or (ROOT / path).read_text() != text:
            wrong.append(f"{path}: is old: run python tools/make_maps.py")
    for problem in wrong:
        print(f"make_maps: {problem}", file=sys.stderr)
    return int(bool(wrong))


def map_problems(found: RegulatoryMap) -> Iterator[str]:
    """Yield what is wrong with a map in a checkout."""
    known = [s.id for s in found.source]
    places = [(r.source, r.clause) for r in found.requirement]
    yield from (f"{s} {c}: stands twice" for s, c in _twice(places))
    for one in found.requirement:
        if one.source not in known:
            yield f"{one.source} {one.clause}: is of no source that is named"
        yield from one.gaps
        yield from _absent(one.modules + one.documents, one.tests)


def risk_problems(found: Risks) -> Iterator[str]:
    """Yield what is wrong with a table of risks in a checkout."""
    yield from (f"{i}: stands twice" for i in _twice([r.id for r in found.risk]))
    for one in found.risk:
        yield from one.gaps
        for control in one.controls:
            yield from _absent((), control.tests)


def _twice(items: list[Item]) -> list[Item]:
    return list(dict.fromkeys(i for i in items if items.count(i) > 1))


def _absent(files: tuple[str, ...], tests: tuple[str, ...]) -> Iterator[str]:
    yield from (
        f"{f}: there is no such file" for f in files if not (ROOT / f).is_file()
    )
    for test in tests:
        path, _, name = test.partition("::")
        is_file = (ROOT / path).is_file()
        if not name or not is_file or f"def {name}(" not in (ROOT / path).read_text():
            yield f"{test}: there is no such test"


MAP_HEAD = """\
# Regulatory map

{made}What laws and standards ask of such a device, what answers it here, and which test
proves that. It is no legal advice and no declaration: nobody who is qualified has
reviewed it, and the clauses are summed up in our own words. *Met* speaks of the
software in this repository; a manufacturer and a site have duties that no repository
can meet.

| | requirements | yes | partly | no |
|---|---|---|---|---|
{counts}
"""


def map_page(found: RegulatoryMap) -> str:
    """Return the page of a map."""
    parts = [MAP_HEAD.format(made=MADE.format(MAP), counts=_counts(found))]
    for source in found.source:
        rows = [r for r in found.requirement if r.source == source.id]
        parts.append(f"## {source.title}\n")
        parts.append(
            "| clause | asks for | met | here | proof |\n|---|---|---|---|---|"
        )
        parts += [_requirement_row(r) for r in rows]
        parts.append("")
    return "\n".join(parts)


def _counts(found: RegulatoryMap) -> str:
    lines = []
    for source in found.source:
        all_ = [r.status for r in found.requirement if r.source == source.id]
        n = [all_.count(s) for s in ("yes", "partly", "no")]
        lines.append(f"| {source.id} | {len(all_)} | {n[0]} | {n[1]} | {n[2]} |")
    return "\n".join(lines)


def _requirement_row(one: Requirement) -> str:
    here = " ".join(
        [one.feature, f"**Missing:** {one.missing}" if one.missing else ""]
    ).strip()
    proof = [f"`{path}`" for path in one.modules + one.tests]
    proof += [f"[{d.removeprefix('docs/')}]({_link(d)})" for d in one.documents]
    return f"| {one.clause} | {one.asks} | {one.status} | {here} | {', '.join(proof)} |"


def _link(document: str) -> str:
    in_docs = document.startswith("docs/")
    return document.removeprefix("docs/") if in_docs else f"../{document}"


RISKS_HEAD = """\
# Risks

{made}What could go wrong, in the form of ISO 14971. Severity is stated; probability is
not, since nobody has used the device. The last line of each risk says what stays.
Controls are design, protection or information; a dash under *proof* means that no test
proves it, and why.
"""


def risks_page(found: Risks) -> str:
    """Return the page of a table of risks."""
    parts = [RISKS_HEAD.format(made=MADE.format(RISKS))]
    parts.append("| | situation | severity |\n|---|---|---|")
    parts += [f"| {r.id} | {r.situation} | {r.severity} |" for r in found.risk]
    for one in found.risk:
        parts.append(f"\n## {one.id}: {one.situation}\n")
        parts.append(
            f"Cause: {one.cause}. Harm: {one.harm}. Severity: {one.severity}.\n"
        )
        parts.append("| control | kind | proof |\n|---|---|---|")
        parts += [_control_row(c) for c in one.controls]
        parts.append(f"\n**What stays:** {one.residual}")
    return "\n".join(parts) + "\n"


def _control_row(one: Control) -> str:
    tests = ", ".join(f"`{t}`" for t in one.tests)
    return f"| {one.what} | {one.kind} | {tests or '— ' + one.unproved} |"


if __name__ == "__main__":
    sys.exit(main())
