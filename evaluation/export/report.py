"""The parity report beside an exported network: parity.json for programs, parity.md for people."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from road_clarity.evaluation.export.ledger import Ledger
from road_clarity.models.cards import Card
from road_clarity.pipeline.backends.exported import PARITY, ExportKey, file_sha256
from road_clarity.pipeline.backends.graph import Graph

READABLE = "parity.md"
REPORTS = (PARITY, READABLE)


def parity_report(
    key: ExportKey,
    card: Card,
    graphs: dict[str, Graph],
    folder: Path,
    recording: str,
    ledger: Ledger,
    speed: Mapping[str, Any],
) -> dict[str, Any]:
    """What parity.json holds."""
    figures = ledger.figures(key.precision)
    runtime = next(iter(graphs.values())).runtime
    return {
        "passed": bool(figures) and all(figure.passed for figure in figures),
        "weights": key.weights,
        "architecture": card.architecture,
        "weights_sha256": card.sha256,
        "size": key.size,
        "runtime": runtime.as_dict(),
        "reference": {"backend": "torch", "version": torch.__version__, "precision": "fp32"},
        "machine": {
            "processor": str(torch.cpu.get_capabilities().get("cpu_name", platform.processor())),
            "system": platform.platform(),
            "threads": torch.get_num_threads(),
        },
        "recording": recording,
        "frames": ledger.frames,
        "calls": ledger.calls,
        "speed": dict(speed),
        "figures": [figure.as_dict() for figure in figures],
        "files": {path.name: file_sha256(path) for path in sorted(folder.iterdir())},
    }


def write_report(folder: Path, report: dict[str, Any]) -> None:
    (folder / PARITY).write_text(json.dumps(report, indent=2) + "\n")
    (folder / READABLE).write_text(text_of(report))


def text_of(report: dict[str, Any]) -> str:
    """parity.md"""
    return "\n".join((*verdict(report), *table(report), *circumstances(report))) + "\n"


def line_of(report: dict[str, Any]) -> str:
    """A way that was tried, in a line."""
    runtime, speed = report["runtime"], report["speed"]
    way = f"{report['weights']} on {runtime['backend']} {runtime['precision']}"
    if not report["passed"]:
        far = "; ".join(one["meaning"] for one in report["figures"] if not one["passed"])
        return f"{way}: refused, too far from torch in: {far}"
    return f"{way}: agrees, {speed['ratio']:.2f} times as fast as torch {speed['torch_precision']}"


def verdict(report: dict[str, Any]) -> Iterator[str]:
    runtime = report["runtime"]
    way = f"{runtime['backend']} {runtime['version']} {runtime['precision']}"
    yield f"# {report['weights']} on {way}: {'passed' if report['passed'] else 'REFUSED'}"
    yield ""
    answer = "answers" if report["passed"] else "does not answer"
    yield (
        f"On {report['frames']} frames of {report['recording']} ({report['calls']} runs of the "
        f"network) the exported network {answer} as torch in float32 does."
    )
    yield ""


def table(report: dict[str, Any]) -> Iterator[str]:
    yield "| difference | mean | worst | in frame | limit | |"
    yield "|---|---:|---:|---:|---:|---|"
    for one in report["figures"]:
        over = " (mean)" if one["over"] == "mean" else ""
        yield (
            f"| {one['meaning']} | {one['mean']:.3g} | {one['worst']:.3g} | {one['worst_frame']} "
            f"| {one['limit']:g}{over} | {'ok' if one['passed'] else '**too far**'} |"
        )
    yield ""


def circumstances(report: dict[str, Any]) -> Iterator[str]:
    runtime, reference, machine = report["runtime"], report["reference"], report["machine"]
    size = report["size"]
    yield f"- network: {report['architecture']}" + (f" at {size[0]}x{size[1]}" if size else "")
    speed = report["speed"]
    yield (
        f"- speed: {speed['export_ms']:.3g} ms, torch in {speed['torch_precision']} "
        f"{speed['torch_ms']:.3g} ms, in turn: {speed['ratio']:.2f} times as fast"
    )
    yield f"- weights: `{report['weights_sha256']}`"
    yield f"- computed on: {runtime['provider']}; reference: torch {reference['version']}"
    yield f"- machine: {machine['processor']}, {machine['threads']} threads, {machine['system']}"
    for name, sha256 in report["files"].items():
        yield f"- {name}: `{sha256}`"
