"""A device whose records and page the tests of this room look at."""

from tests.edge.web.conftest import browser, device, stranger  # noqa: F401
