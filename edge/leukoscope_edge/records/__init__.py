"""What is kept of a screening: the result file, the report and the records.

Offers: backups.backup, changes, database, device_log, events, exports.cell_words,
exports.differential_table, exports.facts, exports.fonts, exports.formats,
exports.html_report, exports.pdf_report, exports.result_files, exports.result_json,
exports.slide_version, exports.text_table, exports.training_export, import_screening,
maintenance, orders, pictures, retention, slides.cell_archive, slides.cell_record,
slides.conclusion, slides.correction, slides.digest, slides.first_look, slides.kinds,
slides.reproduce, slides.site_ranges, slides.slide, slides.slide_objects,
slides.slide_state, slides.worklist, store.
"""
