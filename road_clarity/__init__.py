"""road_clarity: how risky is the road ahead, and why.  The folders next to this one are linked in here."""

__version__ = "0.1.0"
