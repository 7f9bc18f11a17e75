"""One logit that is off is enough, however well the others agree."""

from pathlib import Path

import numpy as np
import pytest

from leukoscope_edge.errors import BundleError
from leukoscope_edge.inference.bundle import Bundle, open_bundle
from leukoscope_edge.inference.selftest import self_test
from leukoscope_edge.types import F32, U8


class Answering:
    """An engine that gives the stored answers, one of them changed."""

    name, fallback, is_accelerated = "answering", "", False

    def __init__(self, bundle: Bundle, off_by: float) -> None:
        self._logits = bundle.golden.logits.copy()
        self._logits[0, 0] += off_by

    def run(self, crops: U8) -> F32:
        return np.asarray(self._logits, np.float32)


@pytest.mark.parametrize(
    ("off_by", "is_good"), [(0.0, True), (0.0009, True), (0.003, False)]
)
def test_the_worst_difference_decides(
    bundle_folder: Path, off_by: float, is_good: bool
) -> None:
    bundle = open_bundle(bundle_folder)  # which allows 0.001; the mean is a quarter
    engine = Answering(bundle, off_by)
    if is_good:
        assert self_test(engine, bundle) == pytest.approx(off_by, abs=1e-6)  # type: ignore[arg-type]
        return
    with pytest.raises(BundleError, match=r"a logit differs by 0\.003"):
        self_test(engine, bundle)  # type: ignore[arg-type]
