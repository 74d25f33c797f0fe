"""A replay in a few lines for the terminal: what was flagged, when and why, and what it cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from road_clarity.evaluation.timeline import clock
from road_clarity.pipeline.run_folder import MCAP, REPORT

MOST_EVENTS = 20  # lines of flagged moments; the report has the others


def summary_text(summary: Mapping[str, Any], out: Path) -> str:
    """summary: contents of summary.json; out: the run folder."""
    return "\n".join(
        (
            *headline(summary),
            *missing(summary),
            *flagged(summary),
            *criteria(summary),
            *latency(summary),
            *where(summary, out),
        )
    )


def headline(summary: Mapping[str, Any]) -> Iterator[str]:
    names = ", ".join(source["name"] for source in summary["sources"])
    cpu_s = sum(unit["cpu_s"] for unit in summary["units"])
    yield (
        f"{names}: {summary['frames']} frames at {summary['fps']} fps, "
        f"{cpu_s:.1f} s of CPU time, {1e3 * cpu_s / summary['frames']:.0f} ms a frame"
    )
    yield ""


def missing(summary: Mapping[str, Any]) -> Iterator[str]:
    """Units that could not be replayed; the run is without them."""
    failed = summary["work"]["failed"]
    for one in failed:
        yield f"FAILED  {one['unit']}: {one['error']} (attempts: {one['attempts']})"
    if failed:
        yield ""


def criteria(summary: Mapping[str, Any]) -> Iterator[str]:
    """A line for each, and why it does not hold."""
    found = summary.get("criteria")
    if found is None:
        return
    yield f"criteria of {found['file']}: {'all hold' if found['passed'] else 'NOT ALL HOLD'}"
    for one in found["verdicts"]:
        yield f"  {'pass' if one['passed'] else 'FAIL'}  {one['name']}: {one['text']}"
    yield ""


def flagged(summary: Mapping[str, Any]) -> Iterator[str]:
    """Two lines an event: when, how bad and why; then the shares."""
    events, start_ns = summary["flagged"], summary["sources"][0]["start_ns"]
    yield f"{len(events)} flagged" if events else "nothing flagged"
    for event in events[:MOST_EVENTS]:
        times = [clock((event[key] - start_ns) * 1e-9) for key in ("start_ns", "end_ns")]
        reasons = event["reasons"]
        score = "    " if event["level"] == "unknown" else f"{event['score']:.2f}"
        text = reasons[0]["text"] if reasons else "the level was held"
        yield f"  {times[0]} to {times[1]}  {event['level']:8} {score}  {text}"
        yield " " * 34 + ", ".join(f"{one['code']} {one['share']:.2f}" for one in reasons)
    if len(events) > MOST_EVENTS:
        yield f"  and {len(events) - MOST_EVENTS} more in the report"
    yield f"promise {summary['promise']['state']}: {summary['promise']['text']}"
    yield ""


def latency(summary: Mapping[str, Any]) -> Iterator[str]:
    yield f"{'latency [ms]':14}{'p50':>9}{'p99':>9}"
    for stage, ms in summary["latency_ms"].items():
        yield f"  {stage:12}{ms['p50']:9.1f}{ms['p99']:9.1f}"
    yield ""


def where(summary: Mapping[str, Any], out: Path) -> Iterator[str]:
    yield f"report  {out / REPORT}"
    yield f"log     {out / MCAP} (open it in Foxglove or Lichtblick)"
    yield f"digest  {summary['digest']}"
