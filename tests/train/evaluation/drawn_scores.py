"""Labels and probabilities of drawn people, who differ more than their cells."""

import numpy as np


def scores(n_people: int = 40, n_each: int = 30) -> tuple[np.ndarray, ...]:
    """Labels, probabilities and people; people differ more than their cells."""
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(n_people) % 2, n_each).astype(np.int64)
    people = np.repeat([f"p{i}" for i in range(n_people)], n_each)
    own = np.repeat(random.normal(0, 1, n_people), n_each)
    margin = 1.5 * (2 * labels - 1) + own + random.normal(0, 1, len(labels))
    return labels, 1 / (1 + np.exp(-margin)), people
