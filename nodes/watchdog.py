"""A process that hangs ends itself, and is started again by launch or `road-clarity up`.

A thread of Python cannot be stopped, so a network that never comes back is only cured by a new
process.  Two ways out: a network in a thread of its own is noticed by the process, which says its
last words, stores the evidence and ends.  Where not even that works, because a callback hangs or
somebody holds the interpreter, the timer of `faulthandler` ends it: it runs in C, needs no
interpreter, and prints where every thread was.
"""

from __future__ import annotations

import faulthandler
from dataclasses import dataclass

from road_clarity.pipeline.in_hand import InHand
from road_clarity.safety.settings import Checked, setting

STDERR = 2
HANGS = 3  # exit code of a process that ended itself
PREFIX = "watchdog."  # begins the names of the parameters, which all nodes have
LAST_WORDS_S = (
    45.0  # until the last words are said, the last event is stored and threads have ended
)


@dataclass(frozen=True, kw_only=True)
class WatchdogConfig(Checked):
    """What is too long."""

    silent_s: float = setting(
        1.0, "how long an input may be silent before the diagnostics say so [s]", low=0.1
    )
    hangs_s: float = setting(
        2.0, "how long a network may take for one image before it is said to hang [s]", low=0.1
    )
    restart_s: float = setting(
        10.0, "how long it may hang before its process ends, to be started again [s]", low=0.2
    )
    first_s: float = setting(
        120.0, "the same for its first image, for which some backends compile [s]", low=0.2
    )


def hangs(work: InHand | None, limits: WatchdogConfig) -> bool:
    """Whether it has been at the same image for too long."""
    return work is not None and work.lasts_s > limits.hangs_s


def is_lost(work: InHand | None, limits: WatchdogConfig) -> bool:
    """Whether nobody expects it to come back."""
    if work is None:
        return False
    return work.lasts_s > (limits.restart_s if work.finished else limits.first_s)


class Watchdog:
    """Does nothing until it is armed."""

    def __init__(self) -> None:
        self._armed = False

    def arm(self) -> None:
        self._armed = True

    def allow(self, seconds: float) -> None:
        """From now on; whoever does not call again in time is ended, with exit code 1."""
        if self._armed:
            faulthandler.dump_traceback_later(seconds, exit=True, file=STDERR)

    def pause(self) -> None:
        """What comes may take any time, as building an engine does."""
        if self._armed:
            faulthandler.cancel_dump_traceback_later()


OF_PROCESS = Watchdog()  # there is one timer only
