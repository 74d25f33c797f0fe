"""road_clarity: how risky is the road ahead, and why.  Links to the folders beside it."""

__version__ = "0.1.0"
