"""Models: the bundle and its card, the engines, and the call on each cell."""
