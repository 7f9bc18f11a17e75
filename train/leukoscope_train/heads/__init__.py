"""Heads fitted to the features of a network, in the place of passes or before them."""

from typing import TYPE_CHECKING

from leukoscope_edge import load_on_use

if TYPE_CHECKING:
    from leukoscope_train.heads.linear_heads import fit_heads as fit_heads
    from leukoscope_train.heads.linear_heads import known_features as known_features
    from leukoscope_train.heads.svm import fit_svm_head as fit_svm_head
else:
    __getattr__, __all__ = load_on_use(__name__, __file__)
