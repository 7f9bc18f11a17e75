"""One module a command of `leukoscope`."""
