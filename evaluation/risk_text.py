"""The figures of `evaluate risk` for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from road_clarity.evaluation.risk import FIGURES

HEAD = f"{'':24}{'hazardous':>10}{'calm':>6}{'AUROC':>8}{'recall':>8}{'false':>8}{'lead [s]':>10}"


def risk_text(scores: Mapping[str, Any]) -> str:
    return "\n".join(lines(scores))


def lines(scores: Mapping[str, Any]) -> Iterator[str]:
    calm = scores["clips"] - scores["hazardous_clips"]
    yield HEAD
    yield row("all", {"hazardous": scores["hazardous_clips"], "calm": calm, **scores})
    for name, ends in scores["interval"].items():
        if ends is not None:
            yield f"  95 % of draws: {name} {ends[0]:.2f} to {ends[1]:.2f}"
    yield f"flagged above {scores['threshold']:.3f}; at the thresholds that ship:"
    for level, found in scores["shipped"].items():
        yield row(f"  {level}", found)
    for kind in ("stories", "looks"):
        yield kind
        for name, found in scores[kind].items():
            yield row(f"  {name}", found)
    seen = scores["seen"]
    yield (
        f"seen 1.5 s before the touch: {figure(seen['share_seen_in_time'])} of the hazardous clips,"
        f" recall {figure(seen['recall_of_those'])}; others {figure(seen['recall_of_others'])}"
    )
    for kind, codes in scores["raised_by"].items():
        yield f"raised in {kind} clips: " + ", ".join(f"{c} {n}" for c, n in codes.items())
    yield f"{scores['cpu_s_per_clip']:.1f} s of CPU per clip"


def row(name: str, found: Mapping[str, Any]) -> str:
    counts = f"{found.get('hazardous', ''):>10}{found.get('calm', ''):>6}"
    widths = (8, 8, 8, 10)
    values = (figure(found[key]).rjust(width) for key, width in zip(FIGURES, widths, strict=True))
    return f"{name:24}{counts}" + "".join(values)


def figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
