"""`python -m leukoscope_edge` is `leukoscope`."""

import sys

from leukoscope_edge.isolated import forget_variables, leave_folder

forget_variables()
leave_folder()  # before anything else is imported: it may hold somebody's json.py

import signal  # noqa: E402

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # else a traceback, out of an import

from leukoscope_edge.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
