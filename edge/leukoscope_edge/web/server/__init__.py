"""How the page is served: ports, servers, opening everything and opening it anew."""
