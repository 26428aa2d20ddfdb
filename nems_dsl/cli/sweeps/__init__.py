"""Commands about sweeps, and about the stores of their results."""
