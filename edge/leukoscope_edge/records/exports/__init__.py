"""A slide or a screening as files: JSON, CSV, HTML, PDF, FHIR, training crops."""

from typing import TYPE_CHECKING

from leukoscope_edge import load_on_use

if TYPE_CHECKING:
    from leukoscope_edge.records.exports.cell_words import KIND_KEYS as KIND_KEYS
    from leukoscope_edge.records.exports.cell_words import KIND_OF_ONE as KIND_OF_ONE
    from leukoscope_edge.records.exports.cell_words import KINDS as KINDS
    from leukoscope_edge.records.exports.cell_words import called as called
    from leukoscope_edge.records.exports.cell_words import capital as capital
    from leukoscope_edge.records.exports.cell_words import model_said as model_said
    from leukoscope_edge.records.exports.differential_table import HEADS as HEADS
    from leukoscope_edge.records.exports.differential_table import (
        said_flags as said_flags,
    )
    from leukoscope_edge.records.exports.differential_table import table as table
    from leukoscope_edge.records.exports.facts import WAYS_OF_TELLING as WAYS_OF_TELLING
    from leukoscope_edge.records.exports.facts import list_facts as list_facts
    from leukoscope_edge.records.exports.facts import to_send as to_send
    from leukoscope_edge.records.exports.fonts import OWN as OWN
    from leukoscope_edge.records.exports.fonts import SUMS_NAME as SUMS_NAME
    from leukoscope_edge.records.exports.fonts import digest_of as digest_of
    from leukoscope_edge.records.exports.fonts import read_sums as read_sums
    from leukoscope_edge.records.exports.formats import FORMATS as FORMATS
    from leukoscope_edge.records.exports.formats import file_name as file_name
    from leukoscope_edge.records.exports.formats import file_of as file_of
    from leukoscope_edge.records.exports.html_report import page_of as page_of
    from leukoscope_edge.records.exports.html_report import (
        report_loader as report_loader,
    )
    from leukoscope_edge.records.exports.html_report import (
        report_values as report_values,
    )
    from leukoscope_edge.records.exports.html_report import suspects as suspects
    from leukoscope_edge.records.exports.pdf_report import load_ahead as load_ahead
    from leukoscope_edge.records.exports.pdf_report import qr_png as qr_png
    from leukoscope_edge.records.exports.pdf_report import write_pdf as write_pdf
    from leukoscope_edge.records.exports.result_files import (
        RESULT_FILES as RESULT_FILES,
    )
    from leukoscope_edge.records.exports.result_files import (
        make_result_files as make_result_files,
    )
    from leukoscope_edge.records.exports.result_files import write_files as write_files
    from leukoscope_edge.records.exports.result_json import INTENDED_USE as INTENDED_USE
    from leukoscope_edge.records.exports.result_json import result_bytes as result_bytes
    from leukoscope_edge.records.exports.slide_version import (
        SlideVersion as SlideVersion,
    )
    from leukoscope_edge.records.exports.slide_version import (
        open_version as open_version,
    )
    from leukoscope_edge.records.exports.slide_version import shown_of as shown_of
    from leukoscope_edge.records.exports.slide_version import (
        shown_version as shown_version,
    )
    from leukoscope_edge.records.exports.slide_version import (
        slides_beside as slides_beside,
    )
    from leukoscope_edge.records.exports.text_table import csv_bytes as csv_bytes
    from leukoscope_edge.records.exports.text_table import table_text as table_text
    from leukoscope_edge.records.exports.training_export import (
        export_labelled as export_labelled,
    )
else:
    __getattr__, __all__ = load_on_use(__name__, __file__)
