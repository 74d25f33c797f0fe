"""A bounded soak: the real processes, a camera at full rate, and random faults from a seed."""
