"""road_clarity: how risky is the road ahead, and why.  Links to the folders beside it."""

import os

__version__ = "0.1.0"

# OpenMP threads that wait shall spin briefly, then sleep; read once, when torch is loaded.  On two
# cores, alone and then beside four busy processes, a frame of the demo took: spinning long 99 and
# 1009 ms, sleeping at once 214 and 425 ms, this 125 and 620 ms (`road-clarity replay` of its first
# 60 and 20 frames, with GOMP_SPINCOUNT 100000, 0 and 2000).
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "2000")
