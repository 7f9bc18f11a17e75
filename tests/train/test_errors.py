"""What is wrong with data ends a command as what is wrong with the device does."""

import pytest

from leukoscope_edge.errors import LeukoscopeError
from leukoscope_train.errors import DataError


def test_who_catches_ours_catches_what_is_wrong_with_data() -> None:
    with pytest.raises(LeukoscopeError, match=r"^people\.json: cannot be read$"):
        raise DataError("people.json: cannot be read")
