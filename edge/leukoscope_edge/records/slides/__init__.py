"""One slide as its events tell it: state, fold, cache, correction, conclusion."""
