"""road_clarity: how risky is the road ahead, and why.  Links to the folders beside it."""

import os

__version__ = "0.1.0"

# Threads that wait must sleep: OpenMP's spinning takes the cores from the other processes of a
# vehicle: beside seven busy ones a replay took 66 to 99 s spinning, 10 to 12 s sleeping.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
