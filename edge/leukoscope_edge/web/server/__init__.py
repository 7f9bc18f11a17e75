"""How the page is served: ports, servers, opening everything and opening it anew."""

from typing import TYPE_CHECKING

from leukoscope_edge import load_on_use

if TYPE_CHECKING:
    from leukoscope_edge.web.server.run import run_page as run_page
else:
    __getattr__, __all__ = load_on_use(__name__, __file__)
