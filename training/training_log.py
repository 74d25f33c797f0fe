"""What a run says about itself: log.jsonl, a bar for people, TensorBoard where it is installed."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class TrainingLog:
    """One line of figures at a time.  A resumed run goes on where its checkpoint was written."""

    def __init__(self, out: Path, step: int, steps: int) -> None:
        """step: of the checkpoint; what was logged after it will happen, and be said, again"""
        self._file = out / "log.jsonl"
        forget_after(self._file, step)
        self._board = board(out, step)
        self._bar = Progress(
            TextColumn("step"), MofNCompleteColumn(), BarColumn(), TimeRemainingColumn(),
            TextColumn("{task.description}"), console=Console(stderr=True),
            disable=not sys.stderr.isatty(), redirect_stdout=False,
        )  # fmt: skip
        self._task = self._bar.add_task("", total=steps, completed=step)
        self._bar.start()

    def write(self, step: int, figures: dict[str, float], aloud: bool) -> None:
        """Into the files, and aloud onto stdout as well."""
        line = json.dumps({"step": step, **figures})
        with self._file.open("a") as file:
            file.write(line + "\n")
        if aloud and sys.stdout.isatty():
            self._bar.console.print(line, markup=False, soft_wrap=True)  # above the bar
        elif aloud:
            print(line, flush=True)
        if self._board is not None:
            for name, value in figures.items():
                self._board.add_scalar(name, value, step)

    def show(self, step: int, loss: float) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=step, description=f"loss {loss:.4f}")

    def close(self) -> None:
        self._bar.stop()
        if self._board is not None:
            self._board.close()


def forget_after(log: Path, step: int) -> None:
    """Drop the lines after a step, and one that a kill cut short."""
    if not log.is_file():
        return
    lines = [line for line in log.read_text().splitlines(keepends=True) if line.endswith("\n")]
    kept = [line for line in lines if json.loads(line)["step"] <= step]
    new = log.with_suffix(".new")
    new.write_text("".join(kept))
    new.replace(log)


def board(out: Path, step: int) -> Any:
    """A TensorBoard writer, or None where tensorboard is not installed."""
    if find_spec("tensorboard") is None:
        return None
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(out / "tensorboard"), purge_step=step + 1)
