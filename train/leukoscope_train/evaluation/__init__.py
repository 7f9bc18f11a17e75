"""How good calls are: figures, tables, plots, calibration, outliers.

Offers the calibration of calls (`calibrate_calls`), figures with intervals for people,
laboratories, images and masks, and what documents hold of them.
"""

from typing import TYPE_CHECKING

from leukoscope_edge import load_on_use

if TYPE_CHECKING:
    from leukoscope_train.evaluation import metrics as metrics
    from leukoscope_train.evaluation.audit import audit_groups as audit_groups
    from leukoscope_train.evaluation.baselines import ALWAYS_ALL as ALWAYS_ALL
    from leukoscope_train.evaluation.baselines import SIZE_ONLY as SIZE_ONLY
    from leukoscope_train.evaluation.baselines import fit_size as fit_size
    from leukoscope_train.evaluation.baselines import p_by_size as p_by_size
    from leukoscope_train.evaluation.baselines import size_margins as size_margins
    from leukoscope_train.evaluation.baselines import (
        size_out_of_fold as size_out_of_fold,
    )
    from leukoscope_train.evaluation.calibrate import CallCalibration as CallCalibration
    from leukoscope_train.evaluation.calibrate import calibrate_calls as calibrate_calls
    from leukoscope_train.evaluation.calibrate import fit_spread as fit_spread
    from leukoscope_train.evaluation.calibrate import fit_temperature as fit_temperature
    from leukoscope_train.evaluation.calibrate import probabilities as probabilities
    from leukoscope_train.evaluation.calls_report import by_laboratory as by_laboratory
    from leukoscope_train.evaluation.calls_report import calls_of as calls_of
    from leukoscope_train.evaluation.calls_report import (
        changed_by_turning as changed_by_turning,
    )
    from leukoscope_train.evaluation.calls_report import (
        differences_of as differences_of,
    )
    from leukoscope_train.evaluation.calls_report import report_lines as report_lines
    from leukoscope_train.evaluation.calls_report import report_of as report_of
    from leukoscope_train.evaluation.conformal import fit_conformal as fit_conformal
    from leukoscope_train.evaluation.judge import auroc_by_image as auroc_by_image
    from leukoscope_train.evaluation.judge import figure_lines as figure_lines
    from leukoscope_train.evaluation.judge import figures_of as figures_of
    from leukoscope_train.evaluation.judge import interval_of as interval_of
    from leukoscope_train.evaluation.judge import is_mature as is_mature
    from leukoscope_train.evaluation.judge import kinds_of as kinds_of
    from leukoscope_train.evaluation.judge import point_of as point_of
    from leukoscope_train.evaluation.kinds_report import (
        kind_documents as kind_documents,
    )
    from leukoscope_train.evaluation.learning_curve import Judge as Judge
    from leukoscope_train.evaluation.learning_curve import extrapolate as extrapolate
    from leukoscope_train.evaluation.learning_curve import (
        measure_learning as measure_learning,
    )
    from leukoscope_train.evaluation.metrics import blast_margin as blast_margin
    from leukoscope_train.evaluation.metrics import person_weights as person_weights
    from leukoscope_train.evaluation.noise_slides import noise_cell as noise_cell
    from leukoscope_train.evaluation.noise_slides import noise_set_up as noise_set_up
    from leukoscope_train.evaluation.noise_slides import noise_verdict as noise_verdict
    from leukoscope_train.evaluation.outliers import N_NEIGHBOURS as N_NEIGHBOURS
    from leukoscope_train.evaluation.outliers import N_PROTOTYPES as N_PROTOTYPES
    from leukoscope_train.evaluation.outliers import distances as distances
    from leukoscope_train.evaluation.outliers import fit_outliers as fit_outliers
    from leukoscope_train.evaluation.outliers import whitening as whitening
    from leukoscope_train.evaluation.plots import gallery as gallery
    from leukoscope_train.evaluation.plots import plot_calls as plot_calls
    from leukoscope_train.evaluation.plots import plot_history as plot_history
    from leukoscope_train.evaluation.plots import plot_learning as plot_learning
    from leukoscope_train.evaluation.report import Figures as Figures
    from leukoscope_train.evaluation.report import (
        at_operating_points as at_operating_points,
    )
    from leukoscope_train.evaluation.report import by_person as by_person
    from leukoscope_train.evaluation.report import figures as figures
    from leukoscope_train.evaluation.report import model_row as model_row
    from leukoscope_train.evaluation.report import table_of as table_of
    from leukoscope_train.evaluation.segmentation_methods import METHODS as METHODS
    from leukoscope_train.evaluation.segmentation_methods import method_of as method_of
    from leukoscope_train.evaluation.segmentation_scores import ImageScore as ImageScore
    from leukoscope_train.evaluation.segmentation_scores import (
        score_image as score_image,
    )
    from leukoscope_train.evaluation.segmentation_scores import (
        write_overlays as write_overlays,
    )
    from leukoscope_train.evaluation.segmentation_sets import (
        FIRST_AND_STEP as FIRST_AND_STEP,
    )
    from leukoscope_train.evaluation.segmentation_sets import Box as Box
    from leukoscope_train.evaluation.segmentation_sets import ImageTruth as ImageTruth
    from leukoscope_train.evaluation.segmentation_sets import picture as picture
    from leukoscope_train.evaluation.segmentation_sets import pictures_of as pictures_of
    from leukoscope_train.evaluation.segmentation_sets import truths as truths
    from leukoscope_train.evaluation.segmentation_sets import (
        whole_number as whole_number,
    )
    from leukoscope_train.evaluation.simulated_run import run_simulated as run_simulated
    from leukoscope_train.evaluation.slides import SHOWN_FRACTIONS as SHOWN_FRACTIONS
    from leukoscope_train.evaluation.slides import slide_of as slide_of
    from leukoscope_train.evaluation.tables import elsewhere_table as elsewhere_table
    from leukoscope_train.evaluation.tables import markdown_table as markdown_table
    from leukoscope_train.evaluation.tables import model_table as model_table
    from leukoscope_train.evaluation.tables import with_interval as with_interval
else:
    __getattr__, __all__ = load_on_use(__name__, __file__)
