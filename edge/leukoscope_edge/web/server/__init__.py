"""How the page is served: processes' end of the records, ports, and opening anew."""
