"""The routes of the page, a module for each kind of thing."""
