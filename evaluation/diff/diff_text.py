"""What differs between two runs, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from road_clarity.evaluation.timeline import clock

MOST_CODES = 8


def diff_text(report: dict[str, Any]) -> str:
    """report: of diff_runs"""
    return "\n".join(lines(report))


def lines(report: dict[str, Any]) -> Iterator[str]:
    frames, risk = report["frames"], report["risk"]
    yield f"{report['runs'][0]} against {report['runs'][1]}, by {frames['by']}"
    yield (
        f"{frames['both']} frames in both, {frames['only_first']} only in the first, "
        f"{frames['only_second']} only in the second"
    )
    yield verdict(report)
    for name, (ours, theirs) in report["models"].items():
        yield f"  {name}: {brief(ours)} -> {brief(theirs)}"
    yield ""
    yield (
        f"risk      mean change {shown(risk['mean_change'], '+.4f')}, mean size "
        f"{shown(risk['mean_absolute'], '.4f')}, largest {shown(risk['largest'], '.4f')}"
    )
    yield f"levels    {risk['other_level']} frames have another; {counted(risk['levels'])}"
    yield from reasons(report["reasons"])
    yield from perception(report["perception"])
    ratios = ", ".join(f"{stage} {r:.2f}" for stage, r in report["latency_ratio"].items())
    yield f"latency   p50, second over first: {ratios or 'not known'}"
    yield from events(report["events"])
    yield from most(report)


def verdict(report: dict[str, Any]) -> str:
    if report["identical"]:
        return "identical: the same digest"
    if report["same"]:
        return f"the same within {report['tolerance']:g}"
    return f"they differ by more than {report['tolerance']:g}"


def reasons(drift: dict[str, Any]) -> Iterator[str]:
    yield (
        f"reasons   {drift['frames_with_other_shares']} frames have other shares, "
        f"{drift['frames_pointing_elsewhere']} point elsewhere"
    )
    for code, (ours, theirs) in list(drift["mean_share"].items())[:MOST_CODES]:
        yield f"  {code:30} mean share {ours:.4f} -> {theirs:.4f}"


def perception(drift: dict[str, Any]) -> Iterator[str]:
    yield (
        f"lanes     {shown(drift['lanes_px'], '.2f')} px apart, "
        f"{drift['lanes_only_in_one']} lines only in one run"
    )
    yield f"tracks    {drift['tracks_only_in_one']} boxes only in one run"
    yield (
        f"strange   {shown(drift['p_value_decades'], '+.3f')} powers of ten rarer in the second run"
    )


def events(changed: dict[str, Any]) -> Iterator[str]:
    yield f"events    {changed['both']} in both"
    for side, word in (("only_first", "first"), ("only_second", "second")):
        for one in changed[side]:
            score = shown(one["score"], ".2f")
            yield f"  only in the {word}: {one['id']} ({one['level']}, {score})"


def most(report: dict[str, Any]) -> Iterator[str]:
    if not report["changed_most"]:
        return
    yield ""
    yield "frames that changed most"
    for one in report["changed_most"]:
        score, level = one["score"], one["level"]
        told = ", ".join(f"{code} {share:+.2f}" for code, share in one["reasons"].items())
        yield (
            f"  {one['index']:6} at {clock(one['stamp_ns'] * 1e-9):>9}  "
            f"{shown(score[0], '.2f')} {level[0]} -> {shown(score[1], '.2f')} {level[1]}  {told}"
        )


def shown(value: float | None, form: str) -> str:
    return "unknown" if value is None else format(value, form)


def counted(levels: dict[str, int]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in levels.items()) or "none"


def brief(model: dict[str, Any] | None) -> str:
    """A set of weights in a few words."""
    if model is None:
        return "not used"
    rest = [str(value) for key, value in model.items() if key not in ("weights", "sha256")]
    return " ".join([model["sha256"][:12], *rest])
