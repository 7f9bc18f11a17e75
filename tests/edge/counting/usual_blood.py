"""The kinds of cells of an adult's normal blood."""

USUAL = {
    "neutrophil": 60,
    "lymphocyte": 30,
    "monocyte": 6,
    "eosinophil": 3,
    "basophil": 1,
}


def kinds(**counts: int) -> list[str]:
    """Cells of an adult's normal blood, some kinds with other numbers."""
    asked = USUAL | {k.replace("_", " "): n for k, n in counts.items()}
    return [kind for kind, n in asked.items() for _ in range(n)]
