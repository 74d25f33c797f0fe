"""The one training loop, on Accelerate: one process or several, stopped and resumed at will.

A run is a function of its settings.  Sample n is made from a generator of (seed, n), and torch's
generator is seeded with (seed, step, rank) before every step.  So no state of chance must be kept:
a resumed run sees what an uninterrupted one does, and so does one with worker processes or with
another number of processes.
"""

from __future__ import annotations

import atexit
import copy
import math
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Generic, NamedTuple

import cv2
import numpy as np
import torch
import torch.distributed
from accelerate import Accelerator  # type: ignore[import-untyped]
from accelerate.state import AcceleratorState  # type: ignore[import-untyped]
from accelerate.utils import (  # type: ignore[import-untyped]
    InitProcessGroupKwargs,
    send_to_device,
)
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, default_collate

from road_clarity.models.errors import BadInput
from road_clarity.training.checkpoint import load_checkpoint, save_checkpoint, save_weights
from road_clarity.training.mean_weights import blend
from road_clarity.training.recipe import FitConfig, Item, Net, Recipe
from road_clarity.training.training_log import TrainingLog

BETWEEN_LOGS = 10  # steps
LONGEST_SCORE = timedelta(hours=2)  # that the other processes wait for the first
CHECKPOINT, BEST = "checkpoint.pt", "best.safetensors"


@dataclass
class Progress:
    """How far a run has come."""

    step: int = 0
    best: float = -math.inf  # largest score so far
    seconds: float = 0.0  # over all sittings


def fit(recipe: Recipe[Net, Item], out: Path) -> Progress:
    """Train as the recipe says; continues the run whose checkpoint lies in `out`.

    Leaves the last weights in recipe.network and the best in out/best.safetensors.
    """
    out.mkdir(parents=True, exist_ok=True)
    run = Run(recipe, out)
    try:
        run.learn_all()
    finally:
        run.close()
    return run.progress


class Lesson(nn.Module, Generic[Net, Item]):
    """Network and question in one module: what runs in mixed precision and on several devices."""

    def __init__(self, recipe: Recipe[Net, Item]) -> None:
        super().__init__()
        self.network, self._answer = recipe.network, recipe.answer

    def forward(self, batch: Item) -> Any:
        return self._answer(batch)


class Refusal(NamedTuple):
    """A BadInput on its way from a worker process, which would make a RuntimeError of it."""

    field: str
    value: str
    remedy: str


class Samples(Dataset[Any]):
    """The samples of a whole training, by number."""

    def __init__(self, recipe: Recipe[Any, Any]) -> None:
        self._recipe = recipe

    def __getitem__(self, number: int) -> Any:
        rng = np.random.default_rng((self._recipe.config.seed, number))
        try:
            return self._recipe.sample(number, rng)
        except BadInput as error:
            return Refusal(error.field, str(error.value), error.remedy)


def stacked(items: list[Any]) -> Any:
    """A batch, or what is wrong with one of its samples."""
    refused = [one for one in items if isinstance(one, Refusal)]
    return refused[0] if refused else default_collate(items)


def parted(batch: Any, count: int) -> list[Any]:
    """A batch as so many smaller ones."""
    chunks = [tensor.chunk(count) for tensor in batch]
    return [type(batch)(*part) for part in zip(*chunks, strict=True)]


class Run(Generic[Net, Item]):
    """One sitting of a training."""

    def __init__(self, recipe: Recipe[Net, Item], out: Path) -> None:
        self.recipe, self.out, config = recipe, out, recipe.config
        self.accelerator = accelerator(config.precision)
        shares = self.accelerator.num_processes * config.parts
        if config.batch % shares:
            remedy = f"must be a multiple of processes times parts, which is {shares}"
            raise BadInput("batch", config.batch, remedy)
        kept = load_checkpoint(config, out / CHECKPOINT)
        self.lesson, *self.optimisers = self.accelerator.prepare(
            Lesson(recipe), *recipe.optimisers()
        )
        self.mean = copy.deepcopy(recipe.network) if config.memory else None
        self.progress = self._restored(kept) if kept else Progress()
        self._log = TrainingLog(out, self.progress.step, config.steps) if self.chief else None

    @property
    def chief(self) -> bool:
        """Whether this process scores, logs and saves."""
        return bool(self.accelerator.is_main_process)

    def learn_all(self) -> None:
        """From the step reached so far to the last."""
        config, began = self.recipe.config, time.monotonic() - self.progress.seconds
        losses: list[Tensor] = []
        self.recipe.to_learn()
        for batch in self._batches():
            losses.append(self._learn(batch))
            step = self.progress.step
            checked = step % config.check_every == 0 or step == config.steps
            if checked or step % BETWEEN_LOGS == 0:
                self.progress.seconds = time.monotonic() - began
                figures = {"loss": self._mean(losses), "rate": self.recipe.rate(step - 1)}
                self._tell(figures, checked)
                losses.clear()

    def close(self) -> None:
        if self._log is not None:
            self._log.close()

    def _batches(self) -> Iterator[Item]:
        """This process's part of every batch still to come, on its device."""
        config, processes = self.recipe.config, self.accelerator.num_processes
        part = config.batch // processes
        first = self.accelerator.process_index * part
        starts = range(self.progress.step * config.batch, config.steps * config.batch, config.batch)
        if config.workers:
            cv2.setNumThreads(0)  # its threads would not outlive the fork, yet be waited for
        on_gpu = self.accelerator.device.type == "cuda"
        loader = DataLoader(
            Samples(self.recipe),
            batch_sampler=(list(range(at + first, at + first + part)) for at in starts),
            num_workers=config.workers,
            multiprocessing_context="fork" if config.workers else None,
            collate_fn=stacked,
            pin_memory=on_gpu,
        )
        for batch in loader:
            if isinstance(batch, Refusal):
                raise BadInput(*batch)
            yield send_to_device(batch, self.accelerator.device, non_blocking=on_gpu)

    def _learn(self, batch: Item) -> Tensor:
        """One optimiser step.  Returns its loss."""
        recipe, step = self.recipe, self.progress.step
        torch.manual_seed(seed_of(recipe.config, step, self.accelerator.process_index))
        rate = recipe.rate(step)
        for group in (g for one in self.optimisers for g in one.param_groups):
            group["lr"] = rate * group.get("share", 1.0)
        loss = self._slope(batch)
        if recipe.config.clip:
            self.accelerator.clip_grad_norm_(self.lesson.parameters(), recipe.config.clip)
        for one in self.optimisers:
            one.step()
            one.zero_grad()
        self.progress.step += 1
        if self.mean is not None:
            blend(self.mean, recipe.network, recipe.memory(self.progress.step))
        return loss

    def _slope(self, batch: Item) -> Tensor:
        """Put the gradient of the batch's loss into the weights.  Returns the loss."""
        parts = parted(batch, self.recipe.config.parts)
        losses = []
        for number, part in enumerate(parts, start=1):
            more = number < len(parts)  # then the processes need not agree yet
            with self.accelerator.no_sync(self.lesson) if more else nullcontext():
                loss = self.recipe.loss(self.lesson(part), part) / len(parts)
                self.accelerator.backward(loss)
            losses.append(loss.detach())
        return torch.stack(losses).sum()

    def _mean(self, losses: list[Tensor]) -> float:
        """Of the losses since the last line, over all processes.  Raises BadInput for no number."""
        mean = self.accelerator.reduce(torch.stack(losses).mean(), "mean").item()
        if not math.isfinite(mean):
            remedy = f"training fell apart by step {self.progress.step}; lower the learning rate"
            raise BadInput("loss", mean, remedy)
        return float(mean)

    def _tell(self, figures: dict[str, float], checked: bool) -> None:
        """Log the figures; at a check with the scores, and keep the state."""
        if self._log is not None:
            step = self.progress.step
            if checked:
                figures |= self._score()
                figures["seconds"] = round(self.progress.seconds, 1)
            self._log.write(step, figures, aloud=checked)
            self._log.show(step, figures["loss"])
            if checked:
                save_checkpoint(self._state(), self.recipe.config, self.out / CHECKPOINT)
        if checked:
            self.accelerator.wait_for_everyone()
            self.recipe.to_learn()

    def _score(self) -> dict[str, float]:
        """Of the network as it is now; the best is kept and published."""
        recipe, progress = self.recipe, self.progress
        network = recipe.network if self.mean is None else self.mean
        with torch.no_grad():
            scores = recipe.score(network.eval())
        if scores[recipe.chosen_by] > progress.best:
            progress.best = scores[recipe.chosen_by]
            save_weights(network, self.out / BEST)
            recipe.publish(network, scores, progress.step, progress.seconds)
        return scores

    def _state(self) -> dict[str, Any]:
        return {
            "network": self.recipe.network.state_dict(),
            "mean": None if self.mean is None else self.mean.state_dict(),
            "optimisers": [one.state_dict() for one in self.optimisers],
            "progress": asdict(self.progress),
        }

    def _restored(self, state: dict[str, Any]) -> Progress:
        """Put the kept state into network, mean and optimisers."""
        self.recipe.network.load_state_dict(state["network"])
        if self.mean is not None:
            self.mean.load_state_dict(state["mean"])
        for one, kept in zip(self.optimisers, state["optimisers"], strict=True):
            one.load_state_dict(kept)
        return Progress(**state["progress"])


def accelerator(precision: str) -> Any:
    """This process's place among those that `torchrun` started; on the CPU where is no GPU."""
    AcceleratorState._reset_state()  # one process may train several networks, one after another
    atexit.register(part)
    patient = InitProcessGroupKwargs(timeout=LONGEST_SCORE)
    mixed = "no" if precision == "fp32" else precision
    on_cpu = not torch.cuda.is_available()
    return Accelerator(cpu=on_cpu, mixed_precision=mixed, kwargs_handlers=[patient])


def part() -> None:
    """Leave the other processes before Python ends, or gloo's threads end it by an abort."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def seed_of(config: FitConfig, step: int, rank: int) -> int:
    """For torch's generator, in one step of one process."""
    words = np.random.SeedSequence((config.seed, step, rank)).generate_state(1, np.uint64)
    return int(words[0])
