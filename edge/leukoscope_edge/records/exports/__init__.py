"""A slide or a screening as files: JSON, CSV, HTML, PDF, FHIR, training crops."""
