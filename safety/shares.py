"""Shares of the score, summed up by what they have in common.  Every sum adds up to the score.

Of one moment by module, cause, region and class; of an event over time, too: share times duration,
in bins of time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from road_clarity.safety.scene import Box, Reason, Risk

# A group is (module, code, region, class); the region None is the whole image
Group = tuple[str, str, Box | None, str | None]
KEYS = ("module", "code", "region", "label")


def summed(risk: Risk, by: Sequence[str] = KEYS) -> dict[tuple[object, ...], float]:
    """Share by the values of the fields `by`, some of KEYS; the sums add up to the score."""
    sums: dict[tuple[object, ...], float] = {}
    for reason in risk.reasons:
        group = tuple(getattr(reason, key) for key in by)
        sums[group] = sums.get(group, 0.0) + reason.share
    return sums


@dataclass(frozen=True)
class TimeShare:
    """What one cause added during one bin of an event."""

    start_ns: int  # of the bin
    module: str
    code: str
    label: str | None
    share_s: float  # share x time [s]


def over_time(risks: Sequence[Risk], bin_ns: int) -> list[TimeShare]:
    """An event, its frames in order, in bins that begin with its first frame.

    A risk lasts until the next frame; the last lasts no time.  The sum of all shares is the
    integral of the score over the event.
    """
    sums: dict[tuple[int, str, str, str | None], float] = {}
    for risk, after in zip(risks, risks[1:], strict=False):
        for start_ns, seconds in pieces(risks[0].stamp_ns, risk.stamp_ns, after.stamp_ns, bin_ns):
            for reason in risk.reasons:
                key = (start_ns, reason.module, reason.code, reason.label)
                sums[key] = sums.get(key, 0.0) + reason.share * seconds
    ordered = sorted(sums.items(), key=lambda item: (item[0][0], -item[1], item[0][2]))
    return [TimeShare(*key, share_s) for key, share_s in ordered]


def pieces(origin_ns: int, start_ns: int, end_ns: int, bin_ns: int) -> list[tuple[int, float]]:
    """(start of the bin [ns], seconds inside it) of a span of time."""
    found = []
    while start_ns < end_ns:
        bin_start = start_ns - (start_ns - origin_ns) % bin_ns
        stop = min(bin_start + bin_ns, end_ns)
        found.append((bin_start, (stop - start_ns) * 1e-9))
        start_ns = stop
    return found


def integral_s(risks: Sequence[Risk]) -> float:
    """Score x time over an event [s]."""
    return sum(
        risk.score * (after.stamp_ns - risk.stamp_ns) * 1e-9
        for risk, after in zip(risks, risks[1:], strict=False)
    )


__all__ = ["KEYS", "Group", "Reason", "TimeShare", "integral_s", "over_time", "summed"]
