"""Data sets, recipes and the simulator."""
