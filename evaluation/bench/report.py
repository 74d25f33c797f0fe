"""One run of the bench: everything measured, as JSON and as tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from road_clarity.evaluation.bench.earlier import Earlier
from road_clarity.evaluation.bench.eigen_cam import eigen_cams
from road_clarity.evaluation.bench.machine import Roof, load_average, measure_roof, this_machine
from road_clarity.evaluation.bench.message_passing import message_passing
from road_clarity.evaluation.bench.networks import NetworkRow, measure
from road_clarity.evaluation.bench.subjects import RANDOM
from road_clarity.evaluation.bench.table import Cell, table

Report = dict[str, Any]

HEADINGS = (
    "model", "input", "backend", "precision", "p50 ms", "p99 ms", "ratio", "of best", "memory MiB",
    "GMACs", "GMAC/s", "% of roof", "difference",
)  # fmt: skip
LEGEND = (
    "ratio: times as fast as eager fp32, by p50; of best: by the best calls, which a busy machine "
    "disturbs least.  memory: growth of the peak of a fresh process while it loads the network and "
    "answers.  roof: the machine's best rate in that precision.  "
    "difference: largest departure from eager fp32, in standard deviations of its answer."
)


def take(command: str, models: Iterable[str], seconds: float) -> Report:
    """Measure networks and kernels.  seconds: for each function of a network"""
    load, roof, rows = load_average(), measure_roof(), []
    for model in models:
        rows += measure(model, seconds)
        roof = roof.or_higher(measure_roof())
    return {
        "command": command,
        "machine": asdict(this_machine()),
        "roof": asdict(roof),
        "networks": [with_share(row, roof) for row in rows],
        "message_passing": [asdict(row) for row in message_passing(seconds)],
        "eigen_cam": [asdict(row) for row in eigen_cams(seconds)],
        "stages": None,
        "load": {"before": load, "after": load_average()},
    }


def with_share(row: NetworkRow, roof: Roof) -> dict[str, Any]:
    """The row, and how much of the machine's best rate in its precision it reaches."""
    return asdict(row) | {"roof_share": roof.share(row.gmacs_per_s, row.precision)}


def text(report: Report, earlier: Earlier | None) -> str:
    """What the terminal shows."""
    parts = [
        about(report),
        network_table(report, earlier),
        LEGEND,
        passing_table(report),
        cam_table(report),
    ]
    if report["stages"] is not None:
        parts.append(stage_table(report["stages"]))
    return "\n\n".join(parts)


def about(report: Report) -> str:
    machine, roof, load = report["machine"], report["roof"], report["load"]
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    rates = ", ".join(f"{rate:.0f} GMAC/s in {name}" for name, rate in roof["gmacs_per_s"].items())
    return (
        f"{machine['cpu']}, {machine['threads']} threads on {machine['cores']} cores, "
        f"{' '.join(machine['flags'])}; {machine['system']}; {versions}\n"
        f"roof: {rates}, copies at {roof['copy_gb_per_s']:.0f} GB/s; "
        f"load average {load['before']} before, {load['after']} after"
    )


def network_table(report: Report, earlier: Earlier | None) -> str:
    rows = [network_cells(row) for row in report["networks"]]
    if earlier is None:
        return table(HEADINGS, rows)
    departures = earlier.departures(report["machine"])
    if departures:
        reason = f"not compared with {earlier.path}, taken on another machine: "
        return table(HEADINGS, rows) + "\n\n" + reason + "; ".join(departures)
    gains = [earlier.gain(row) for row in report["networks"]]
    compared = [[*row, gain] for row, gain in zip(rows, gains, strict=True)]
    return table([*HEADINGS, f"times as fast as {earlier.path.name}"], compared)


def network_cells(row: dict[str, Any]) -> list[Cell]:
    """In the order of HEADINGS."""
    name = row["model"] + (" (random)" if row["weights"] == RANDOM else "")
    figures = ("ms_p50", "ms_p99", "ratio", "ratio_best", "memory_mib", "gmacs", "gmacs_per_s")
    return [
        name, row["input"], row["backend"], row["precision"], *(row[figure] for figure in figures),
        100 * row["roof_share"], row["difference"],
    ]  # fmt: skip


def passing_table(report: Report) -> str:
    rows = [
        [row["device"], row["way"], row["ms_p50"], row["ms_p99"], row["ratio"], row["error"]]
        for row in report["message_passing"]
    ]
    header = ["message passing on", "computed by", "p50 ms", "p99 ms", "ratio", "error to float64"]
    return table(header, rows)


def cam_table(report: Report) -> str:
    figures = ("ms_p50", "ms_p99", "ratio", "ratio_thin", "difference")
    rows = [
        ["x".join(map(str, row["size"])), *(row[figure] for figure in figures)]
        for row in report["eigen_cam"]
    ]
    header = ["Eigen-CAM of", "p50 ms", "p99 ms", "ratio to full SVD", "to thin SVD", "difference"]
    return table(header, rows)


def stage_table(stages: dict[str, Any]) -> str:
    rows = [[name, times["p50"], times["p99"]] for name, times in stages["stages"].items()]
    return table(["stage", "p50 ms", "p99 ms"], rows) + f"\n\n{stages['fps']:.1f} frames/s"
