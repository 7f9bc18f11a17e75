"""TensorRT at arm's length: compile, load, run in a child, and the driver's state."""
