"""Tables that a terminal shows well and that Markdown understands."""

from __future__ import annotations

from collections.abc import Sequence

Cell = str | float | int | None


def table(header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """Columns of numbers lie to the right, columns of words to the left; None is not known."""
    texts = [list(header), *([text(cell) for cell in row] for row in rows)]
    widths = [max(len(row[i]) for row in texts) for i in range(len(header))]
    right = [any(isinstance(row[i], float | int) for row in rows) for i in range(len(header))]
    rule = ["-" * (w - 1) + ":" if r else "-" * w for w, r in zip(widths, right, strict=True)]
    return "\n".join(line(row, widths, right) for row in (texts[0], rule, *texts[1:]))


def line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    placed = zip(cells, widths, right, strict=True)
    return "| " + " | ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in placed) + " |"


def text(cell: Cell) -> str:
    """Three digits that count; whole numbers whole."""
    if cell is None:
        return "-"
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int) or abs(cell) >= 100:
        return f"{cell:.0f}"
    if abs(cell) >= 0.01 or cell == 0:
        return f"{cell:#.3g}".rstrip(".")
    return f"{cell:.1e}"
