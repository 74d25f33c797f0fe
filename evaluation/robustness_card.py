"""The robustness card: what breaks first when frames get worse, as a page of Markdown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Row = dict[str, Any]
COLUMNS: dict[str, tuple[str, str]] = {
    "Told from clean frames": ("auroc_combined", "AUROC of the combined scorer"),
    "Flagged": ("flagged", "share of the frames whose combined p-value is an alarm"),
    "Ego lines kept": ("lanes_kept", "share of the clean frames' ego lines still at their place"),
    "Segmentation kept": ("miou", "mIoU against the classes of the clean frames"),
}
BROKEN, TOLD = 0.5, 0.9


def robustness_card(found: Row, command: str) -> str:
    """Of what evaluate_anomaly found with corruptions."""
    parts = [
        "# Robustness card",
        "",
        f"`{command}`",
        "",
        overview(found),
        "",
        first_to_break(found),
    ]
    for title, (key, meaning) in COLUMNS.items():
        parts += ["", f"## {title}", f"{meaning[0].upper()}{meaning[1:]}, by severity.", ""]
        parts += [table(found["corruptions"], key)]
    if found["frozen"]:
        parts += ["", "## Frozen camera", frozen_table(found["frozen"])]
    return "\n".join(parts) + "\n"


def overview(found: Row) -> str:
    combined = found["combined"]
    return (
        f"{found['nominal_frames']} clean and {found['anomalous_frames']} spoilt frames (severity "
        f"3 and above): AUROC {text(combined['auroc'])}, AP {text(combined['ap'])}, false alarms "
        f"at 95 % recall {text(combined['fpr95'])}.  Calibration {found['calibration_id']}."
    )


def first_to_break(found: Row) -> str:
    """Silent failures first: answers that are lost while nobody flags the frame."""
    rows = [
        (name, int(severity), row)
        for name, by_severity in found["corruptions"].items()
        for severity, row in by_severity.items()
    ]
    lost = first(rows, lambda row: below(row["lanes_kept"], BROKEN))
    unread = first(rows, lambda row: below(row["miou"], BROKEN))
    silent = first(
        rows,
        lambda row: (
            (below(row["lanes_kept"], BROKEN) or below(row["miou"], BROKEN))
            and below(row["flagged"], BROKEN)
        ),
    )
    return "\n".join([
        "## What breaks first",
        f"- half of the ego lines are lost: {lost}",
        f"- mIoU below {BROKEN} of the clean answer: {unread}",
        f"- broken, and fewer than half of the frames flagged: {silent}",
    ])  # fmt: skip


def first(rows: list[tuple[str, int, Row]], broken: Callable[[Row], bool]) -> str:
    """The corruptions for which it is so, each with the lowest severity."""
    lowest: dict[str, int] = {}
    for name, severity, row in rows:
        if broken(row):
            lowest[name] = min(severity, lowest.get(name, severity))
    named = sorted(lowest.items(), key=lambda one: (one[1], one[0]))
    return ", ".join(f"{name} from {severity}" for name, severity in named) or "nothing"


def below(value: float | None, limit: float) -> bool:
    return value is not None and value < limit


def table(rows: Row, key: str) -> str:
    severities = sorted({severity for row in rows.values() for severity in row}, key=int)
    lines = [f"| | {' | '.join(severities)} |", "|---|" + "---|" * len(severities)]
    for name, row in rows.items():
        cells = [text(row[severity][key]) if severity in row else "" for severity in severities]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def frozen_table(rows: list[Row]) -> str:
    lines = [
        "| recording | held frames | found by the input gate | false frames |",
        "|---|---|---|---|",
    ]
    for row in rows:
        found = "yes" if row["found"] else "no"
        lines.append(f"| {row['path']} | {row['stale_frames']} | {found} | {row['false_frames']} |")
    return "\n".join(lines)


def text(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
