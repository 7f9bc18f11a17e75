"""A device, its served page and a browser, as the tests of the page have them."""

from tests.edge.web.conftest import (  # noqa: F401
    browser,
    chromium,
    device,
    page,
    serve,
    stranger,
)
