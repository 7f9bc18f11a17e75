"""Where frames come from: cameras, replayed files and the simulated slide."""
