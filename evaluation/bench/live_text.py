"""The figures of the running system, as a table in Markdown."""

from __future__ import annotations

from typing import Any

from road_clarity.evaluation.bench.table import table

HEADINGS = (
    "way to run", "full stack [1/s]", "risk [1/s]", "p50 ms", "p99 ms", "own p99 ms", "lost %",
    "oldest part p99 ms", "cores", "memory MiB",
)  # fmt: skip
LEGEND = (
    "full stack: images that all networks looked at.  p50, p99: from an image's stamp to its risk, "
    "of every image; own: of those that networks looked at.  lost: images of the camera that did "
    "not reach the networks' process.  cores, memory: of safety and perception together."
)
OURS = ("safety_node", "perception_node")


def live_text(report: dict[str, Any]) -> str:
    """What the terminal shows."""
    ways = report["ways"]
    rows = [
        (
            one["about"], one["full_stack_fps"], one["risk_fps"], one["latency_ms"]["p50"],
            one["latency_ms"]["p99"], one["own_latency_ms"]["p99"], 100 * one["lost_share"],
            oldest_p99(one), sum(one["cores"][name] for name in OURS),
            sum(one["memory_mib"][name] for name in OURS),
        )
        for one in ways.values()
    ]  # fmt: skip
    still = ways["auto"]["standstill"]
    return "\n\n".join(
        [
            table(HEADINGS, rows),
            LEGEND,
            f"Explaining flagged images takes {report['explanation_cost']:.0%} of the throughput "
            f"when every image is flagged, drawing them as well "
            f"{report['explanation_and_overlay_cost']:.0%}. "
            f"{ways['auto']['targets']:.1f} targets were followed in the mean.",
            f"When the networks' process stands still, the risk is unknown after "
            f"{still['unknown_ms']:.0f} ms; its longest silence is "
            f"{still['longest_silence_ms']:.0f} ms, and it knows again "
            f"{still['known_again_ms']:.0f} ms after the process goes on.",
            f"load average {report['load']['before']} before, {report['load']['after']} after; "
            f"the figures are of one run of `{report['command']}`",
        ]
    )


def oldest_p99(one: dict[str, Any]) -> float | None:
    ages = [spread["p99"] for spread in one["part_age_ms"].values() if spread["p99"] is not None]
    return max(ages, default=None)
