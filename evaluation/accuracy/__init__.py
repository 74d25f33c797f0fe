"""docs/accuracy.md: every figure of the shipped weights, measured anew with its interval."""
