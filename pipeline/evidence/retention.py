"""What an evidence folder may hold, and which events go first when it holds too much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from road_clarity.pipeline.evidence.index_row import Entry
from road_clarity.pipeline.evidence.journal import TRUE_RISK
from road_clarity.safety.settings import Checked, setting

DAY_NS = 86_400 * 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class RetentionConfig(Checked):
    """Limits of an evidence folder.  Pinned events and those labelled TRUE_RISK always stay."""

    most_gb: float = setting(20.0, "the oldest events go beyond this size [GB]", low=0.0)
    most_days: float = setting(180.0, "older events go, by the time of storing [days]", low=0.0)


def is_kept(entry: Entry) -> bool:
    """Whatever its age and size."""
    return entry.pinned or entry.label == TRUE_RISK


def surplus(stored: Sequence[Entry], limits: RetentionConfig, now_ns: int) -> list[Entry]:
    """What must go, the oldest first; size counts what stays for ever as well.

    stored: readable events      now_ns: wall clock [ns]
    """
    oldest_first = sorted(stored, key=lambda one: (one.stored_ns, one.id))
    total, gone = sum(one.bytes for one in stored), []
    for one in oldest_first:
        old = now_ns - one.stored_ns > limits.most_days * DAY_NS
        if not is_kept(one) and (old or total > limits.most_gb * 1e9):
            gone.append(one)
            total -= one.bytes
    return gone
