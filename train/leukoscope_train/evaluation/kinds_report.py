"""The validation report and the model card of bundles that laboratories taught.

Figures are files that `leukoscope_export kinds`, `judge` and
`tools/evaluate_classifier.py` left; nothing is measured here.
"""

from pathlib import Path
from typing import Any

from leukoscope_edge.counting import BLANK_CONFIDENCE, limit_of_blank
from leukoscope_edge.inference import read_card
from leukoscope_train.evaluation.slides import Elsewhere, missed_elsewhere, slide_row
from leukoscope_train.evaluation.tables import markdown_table, markdown_templates
from leukoscope_train.evaluation.targets import (
    CHEAP,
    HEALTHY,
    SLIDE_CELLS,
    Shown,
    calls_changed,
    interval,
    targets_table,
)
from leukoscope_train.json_files import read_json

DOCUMENTS = ("validation.md", "model-card.md")
MARROW_OUT = "leave-marrow-out.json"
"""Of `judge`: a fit of the light network that marrow did not teach, on marrow."""
ALEXNET_OUT = "leave-marrow-out-alexnet.json"
"""The same of AlexNet without a teacher."""
PUPIL_OUT = "leave-marrow-out-pupil.json"
LESSON_OUT = {
    "EfficientNet-Lite0": "leave-marrow-out-teacher.json",
    "AlexNet, taught by it": PUPIL_OUT,
}
"""The same of a shorter fit, and of the pair's AlexNet, whose teacher that was."""
CALLED = ("sensitivity", "missed", "false_calls", "unclear", "ece")
"""Figures of `evaluate_classifier.py` that stand in a table of all laboratories."""
TOGETHER = "together"
FARTHEST = "taleqani"
"""The laboratory with blasts that chose no point, and of which fewest are called."""
MARROW_CUT = "marrow-cut.json"
"""Of `evaluate_classifier.py --sample both`: what cutting marrow as marrow changes."""


def kind_documents(bundles: list[Path], figures: Path, command: str) -> dict[str, str]:
    """Return the text of each document by file name.

    Args:
        bundles: Folders of the bundles, the default first.
        figures: Folder with `ID.json`, `called-ID.json`, `taleqani-ID.json`,
            `degraded-ID.json` and `marrow-ID.json` of each, `ID.json` of the bundle
            whose files a recalibrated one has (`files_of`), MARROW_OUT, ALEXNET_OUT,
            those of LESSON_OUT and MARROW_CUT.
        command: By which this is made, for the document to say.

    Raises:
        CardError: A bundle has no readable card.
        DataError: A file of figures is missing or damaged.
    """
    shown = [_read(folder, figures) for folder in bundles]
    environment = markdown_templates()
    marrow = read_json(figures / MARROW_OUT)["marrow"]
    values = {
        "command": command,
        "bundles": shown,
        "card": shown[0].card,
        "marrow": marrow,
        "alexnet": read_json(figures / ALEXNET_OUT)["marrow"],
        "pupil": read_json(figures / PUPIL_OUT)["marrow"],
        "lesson": lesson_table(figures),
        "cut": read_json(figures / MARROW_CUT),
        "targets": targets_table(shown, marrow),
        "strangers": strangers_table(shown),
        "called": called_table(shown),
        "healthy": healthy_table(shown),
        "forms": forms_table(shown),
        "slides": slides_table(shown),
        "missed": missed_table(shown),
        "normal_marrow": normal_marrow_table(shown, figures),
        "kinds": kinds_table(shown),
        "interval": interval,
    }
    return {n: environment.get_template(f"{n}.j2").render(values) for n in DOCUMENTS}


def _read(folder: Path, figures: Path) -> Shown:
    card = read_card(folder)
    now = _called(figures, card.id)
    found = read_json(figures / f"{card.id}.json")
    first = found.get("files_of", card.id)
    measured = read_json(figures / f"{first}.json")
    rows = {n: row for n, row in measured.items() if isinstance(row, dict)}
    forms = {n: row["forms"] for n, row in rows.items() if "forms" in row}
    return Shown(
        card=card,
        figures=found,
        called=now["called"],
        turned=now["turned"],
        int8=forms,
        int8_of=first,
    )


def _called(figures: Path, name: str) -> dict[str, Any]:
    """Return what a bundle calls every cell, and what turning changes."""
    strangers = read_json(figures / f"called-{name}.json")
    called = strangers["laboratories"]
    called |= read_json(figures / f"taleqani-{name}.json")["laboratories"]
    harmed = read_json(figures / f"degraded-{name}.json")["laboratories"]
    called |= {f"{one}, {CHEAP}": harmed[one] for one in (*HEALTHY, TOGETHER)}
    return {"called": called, "turned": strangers["turned"]}


def lesson_table(figures: Path) -> str:
    """Return how a teacher and its pupil tell the blasts of marrow, taught without it.

    Args:
        figures: Folder with the files of LESSON_OUT.
    """
    rows = [read_json(figures / name)["marrow"] for name in LESSON_OUT.values()]
    lines = [["all other kinds", *(interval(row["auroc"]) for row in rows)]]
    for kind in rows[0]["auroc_against"]:
        lines.append([kind, *(interval(row["auroc_against"][kind]) for row in rows)])
    return markdown_table(["AUROC of blasts against", *LESSON_OUT], lines)


def strangers_table(bundles: list[Shown]) -> str:
    """Return how each part of each bundle does within laboratories left out."""
    lines = []
    for one in bundles:
        for name, row in one.figures.items():
            if not isinstance(row, dict) or "auroc" not in row or name == "together":
                continue
            for part in one.parts:
                by_image = row.get("auroc_by_image") if part == "pair" else None
                lines.append(
                    [
                        name,
                        one.card.id + ("" if part == "pair" else f", {part} alone"),
                        interval(row["auroc"][part]),
                        interval(by_image) if by_image else "",
                        _share(row, "blast", "called_blast") if part == "pair" else "",
                        _share(row, "blast", "unclear") if part == "pair" else "",
                        _share(row, "B-precursor", "called_blast")
                        if part == "pair"
                        else "",
                    ]
                )
    head = ["laboratory", "model", "AUROC of cells", "AUROC by image"]
    head += ["blasts called blast", "blasts unclear", "precursors called blast"]
    return markdown_table(head, sorted(lines))


def _share(row: dict[str, Any], kind: str, what: str) -> str:
    return f"{row[kind][what]:.3f}" if kind in row else ""


def called_table(bundles: list[Shown]) -> str:
    """Return the calls of each bundle as it ships, on every cell, with intervals."""
    lines = []
    for one in bundles:
        for name, row in one.called.items():
            auroc = interval(row["auroc"]) if "auroc" in row else ""
            size = f"{row['auroc_of']['area']:.3f}" if "auroc_of" in row else ""
            shares = [_with_ends(row, what) for what in CALLED]
            lines.append([name, one.card.id, str(row["n_cells"]), auroc, size, *shares])
    head = ["laboratory", "model", "cells", "AUROC", "of size alone"]
    head += ["blasts called blast", "blasts called normal"]
    head += ["mature cells called blast", "unclear, of all", "ECE"]
    return markdown_table(head, sorted(lines))


def _with_ends(row: dict[str, Any], what: str) -> str:
    return interval([row[what], *row["intervals"][what]]) if what in row else ""


def healthy_table(bundles: list[Shown]) -> str:
    """Return what becomes of normal mature cells of laboratories left out."""
    lines = []
    for one in bundles:
        for name in HEALTHY:
            row = one.figures[name]["as_shipped"]["mature"]
            shares = [row["blast"], row["unclear"], row["unlike"], row["normal"]]
            lines.append(
                [name, one.card.id, str(row["n"]), *(f"{s:.3f}" for s in shares)]
            )
    head = ["laboratory", "model", "cells", "blast", "unclear", "of these unlike"]
    return markdown_table([*head, "normal"], sorted(lines))


def forms_table(bundles: list[Shown]) -> str:
    """Return what int8 changes on laboratories left out, each form by itself."""
    lines = []
    for one in bundles:
        for name, forms in one.int8.items():
            for form, found in forms.items():
                lost = found.get("auroc_lost")
                lines.append(
                    [
                        one.int8_of,
                        form,
                        name,
                        interval(calls_changed(one, name, found)),
                        "" if lost is None else f"{lost:.4f}",
                    ]
                )
    head = ["model", "network and form", "laboratory", "calls changed", "AUROC lost"]
    return markdown_table(head, sorted(lines))


def slides_table(bundles: list[Shown]) -> str:
    """Return what slides of 200 cells would show by the spreads on the cards."""
    lines = []
    for one in bundles:
        row = slide_row(one.card.call_model, SLIDE_CELLS)
        found = [f"{100 * share:.0f}" for share in row.found]
        lines.append([one.card.id, str(row.background), *found])
    head = ["model", "limit of blank", "20 % blasts", "40 %", "80 %", "100 %"]
    return markdown_table(head, lines)


def missed_table(bundles: list[Shown]) -> str:
    """Return what a negative says could be missed, and in a laboratory left out."""
    lines = []
    for one in bundles:
        found = one.called[FARTHEST]
        unclear = [one.called[name]["unclear"] for name in HEALTHY]
        there = Elsewhere(
            called=found["sensitivity"],
            missed=found["missed"],
            unclear_normal=sum(unclear) / len(unclear),
        )
        limit = slide_row(one.card.call_model, SLIDE_CELLS).background
        for k in (0, limit // 2, limit):
            said, true = missed_elsewhere(one.card.call_model, there, k, SLIDE_CELLS)
            lines.append(
                [one.card.id, str(k), f"{100 * said:.1f}", f"{100 * true:.1f}"]
            )
    head = ["model", "of 200 cells called blast", "could be missed, %", FARTHEST]
    return markdown_table(head, lines)


def normal_marrow_table(bundles: list[Shown], figures: Path) -> str:
    """Return what each bundle calls blast of a normal marrow, and its limit."""
    lines = []
    for one in bundles:
        found = read_json(figures / f"marrow-{one.card.id}.json")
        marrow = one.card.marrow
        blank = marrow and limit_of_blank(marrow.spread, SLIDE_CELLS, BLANK_CONFIDENCE)
        for kind, row in found["kinds"].items():
            share = interval([row["called_blast"], row["low"], row["high"]])
            lines.append([one.card.id, kind, str(row["n"]), share])
        for name in ("usual", "most"):
            said = f"a normal marrow, {name}"
            lines.append([one.card.id, said, "", f"{found[name]:.3f}"])
        lines.append([one.card.id, "limit of blank of 200 cells", "", str(blank)])
    return markdown_table(["model", "kind", "cells", "called blast"], lines)


def kinds_table(bundles: list[Shown]) -> str:
    """Return how well the five mature kinds are told, laboratory by laboratory."""
    lines = []
    for one in bundles:
        for name in HEALTHY[1:]:
            kinds = one.called[name]
            recall = ", ".join(
                f"{kind} {value:.2f}"
                for kind, value in kinds["recall_of_mature"].items()
            )
            accuracy = _with_ends(kinds, "balanced_accuracy_of_mature")
            lines.append([name, one.card.id, accuracy, recall])
    head = ["laboratory", "model", "balanced accuracy", "recall"]
    return markdown_table(head, sorted(lines))
