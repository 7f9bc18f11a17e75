"""The networks, how they begin, and heads on their features."""
