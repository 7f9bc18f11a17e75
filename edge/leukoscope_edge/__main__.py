"""`python -m leukoscope_edge` is `leukoscope`."""

import sys

from leukoscope_edge.cli import main

if __name__ == "__main__":
    sys.exit(main())
