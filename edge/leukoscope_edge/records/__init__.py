"""What is kept of a screening: the result file, the report and the records."""
