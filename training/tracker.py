"""Recipe of the tracker (lorat_edge): a transformer learns to see, to match, and then adapts.

1. see: the transformer imitates ImageNet features on street pictures (training.vit_pretraining);
2. match: all weights learn template matching on part of the tokens, for lack of a large base;
3. adapt: as published, the base is frozen; LoRA, token types and head learn on whole regions.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from torch import Tensor

from road_clarity.models.lora import adapt
from road_clarity.models.lorat import SEARCH, Lorat, build_lorat
from road_clarity.models.lorat_crop import best_token, hann_window, normalise
from road_clarity.training.data_root import data_root
from road_clarity.training.publish import publish
from road_clarity.training.tracker_card import tracker_card
from road_clarity.training.tracker_loss import ious, tracker_loss
from road_clarity.training.tracking_data import Mixture, Pairs, held_out_mixture, learning_mixture
from road_clarity.training.vit_optimiser import VitOptimiser
from road_clarity.training.vit_pretraining import pretrain

ARCHITECTURE = "lorat_t6_224"
RANK = 16
KEPT_TEMPLATE, KEPT_SEARCH = 36, 64  # tokens of 64 and 256 while learning to match
BATCH = 24
TYPE_STD = 0.5  # of the token types at first; tokens have 1, so that .02 would go unheard
MATCH_RATE, ADAPT_RATE = 2e-3, 5e-4
BETWEEN_CHECKS = 100  # steps
CHECKED_PAIRS = 96


@dataclass
class Stage:
    """One stage of training, with what resuming it needs."""

    name: str
    network: Lorat
    optimiser: VitOptimiser
    file: Path
    step: int = 0
    best: float = field(default=-1.0)

    def __post_init__(self) -> None:
        if self.file.is_file():
            kept = torch.load(self.file)
            self.network.load_state_dict(kept["network"])
            self.optimiser.load_state_dict(kept["optimiser"])
            self.step, self.best = kept["step"], kept["best"]

    def save(self) -> None:
        staged = self.file.with_suffix(".new")
        state = {"network": self.network.state_dict(), "optimiser": self.optimiser.state_dict()}
        torch.save(state | {"step": self.step, "best": self.best}, staged)
        staged.replace(self.file)


def train_tracker(
    out: Annotated[Path, typer.Option(help="folder of checkpoints")] = Path("out/tracker"),
    see: Annotated[int, typer.Option(help="steps of learning to see", min=1)] = 300,
    match: Annotated[int, typer.Option(help="steps of learning to match", min=1)] = 1200,
    adapt_steps: Annotated[int, typer.Option("--adapt", help="steps of LoRA", min=1)] = 460,
    seed: Annotated[int, typer.Option(help="of all random choices")] = 0,
) -> None:
    """Train the tracker (lorat_edge); continues from OUT when checkpoints are there."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    root, begun = data_root(), time.monotonic()
    out.mkdir(parents=True, exist_ok=True)
    network = build_lorat(ARCHITECTURE)
    learn_to_see(network, root, out / "see.pt", see, rng)
    network.token_type_embed.data[:SEARCH].normal_(std=TYPE_STD)
    pairs = learning_mixture(root)
    check = held_out_mixture(root).draw(CHECKED_PAIRS, network.regions, np.random.default_rng(0))
    command = f"road-clarity train tracker --see {see} --match {match} --adapt {adapt_steps}"

    def export(stage: Stage) -> None:
        card = tracker_card(command, seed, time.monotonic() - begun, stage.best, stage.name)
        publish(card, network.state_dict())

    stage = Stage("match", network, VitOptimiser([network], MATCH_RATE, match), out / "match.pt")
    learn(stage, match, pairs, check, thinned_loss, rng, export)
    freeze(network)
    optimiser = VitOptimiser([network], ADAPT_RATE, adapt_steps, muon=False)
    stage = Stage("adapt", network, optimiser, out / "adapt.pt")
    learn(stage, adapt_steps, pairs, check, whole_loss, rng, export)


def learn_to_see(
    network: Lorat, root: Path, file: Path, steps: int, rng: np.random.Generator
) -> None:
    """Stage 1, once: its result is kept in `file`."""
    if not file.is_file():
        for step, loss in enumerate(pretrain(network, root, steps, rng)):
            if step % BETWEEN_CHECKS == 0:
                typer.echo(f"see {step}: loss {loss:.3f}", err=True)
        torch.save(network.state_dict(), file)
    network.load_state_dict(torch.load(file))


def freeze(network: Lorat) -> None:
    """Only adaptations, token types and head go on learning."""
    adapt(network.blocks, RANK)
    for part in (network.patch_embed, network.norm):
        part.requires_grad_(False)
    network.pos_embed.requires_grad_(False)


def learn(
    stage: Stage,
    steps: int,
    mixture: Mixture,
    check: Pairs,
    loss_of: Callable[[Lorat, Pairs, np.random.Generator], Tensor],
    rng: np.random.Generator,
    export: Callable[[Stage], None],
) -> None:
    """Stages 2 and 3; saves, measures and exports at every check."""
    losses = []
    while stage.step < steps:
        batch = mixture.draw(BATCH, stage.network.regions, rng)
        loss = loss_of(stage.network, batch, rng)
        stage.optimiser.step(loss)
        losses.append(loss.item())
        stage.step += 1
        if stage.step % BETWEEN_CHECKS == 0 or stage.step == steps:
            found = overlap(stage.network, check)
            mean = np.mean(losses[-BETWEEN_CHECKS:])
            typer.echo(f"{stage.name} {stage.step}: loss {mean:.3f}, IoU {found:.3f}", err=True)
            stage.best = found
            stage.save()
            export(stage)


def thinned_loss(network: Lorat, pairs: Pairs, rng: np.random.Generator) -> Tensor:
    """The loss on some tokens: all that show the target if they fit, and some of the rest."""
    inside = keep(pairs.template_mask.flatten(1).bool(), KEPT_TEMPLATE, rng)
    shown = keep(pairs.covered, KEPT_SEARCH, rng)
    covered = pairs.covered.gather(1, shown)
    speaks_for = (~pairs.covered).sum(1, keepdim=True) / (~covered).sum(1, keepdim=True).clamp(1)
    weight = torch.where(covered, 1.0, speaks_for)
    with torch.autocast("cpu", torch.bfloat16):
        known = network.template_tokens(ready(pairs.template), pairs.template_mask)
        asked = network.search_tokens(ready(pairs.search))
        tokens = torch.cat([pick(known, inside), pick(asked, shown)], dim=1)
        seen = network.mix(tokens)[:, KEPT_TEMPLATE:]
    places = pick(network.places().expand(len(shown), -1, -1), shown)
    scores, boxes = network.head(seen.float(), places)
    return tracker_loss(scores, boxes, pairs.box, covered, weight)


def whole_loss(network: Lorat, pairs: Pairs, _: np.random.Generator) -> Tensor:
    """The published loss."""
    with torch.autocast("cpu", torch.bfloat16):
        said = network(ready(pairs.template), ready(pairs.search), pairs.template_mask)
    scores, boxes = said.score_map.flatten(1).float(), said.boxes.flatten(1, 2).float()
    return tracker_loss(scores, boxes, pairs.box, pairs.covered, torch.ones_like(scores))


def keep(wanted: Tensor, count: int, rng: np.random.Generator) -> Tensor:
    """(B, N) bool -> (B, count) random indices, wanted ones first"""
    order = torch.from_numpy(rng.random(wanted.shape)) - wanted.double()
    return order.argsort(dim=1)[:, :count]


def pick(tokens: Tensor, index: Tensor) -> Tensor:
    """(B, N, D), (B, K) -> (B, K, D)"""
    return tokens.gather(1, index[:, :, None].expand(-1, -1, tokens.shape[-1]))


def ready(images: Tensor) -> Tensor:
    """(B, H, W, 3) uint8 -> what the network takes"""
    return normalise(images.permute(0, 3, 1, 2) / 255)


@torch.inference_mode()
def overlap(network: Lorat, pairs: Pairs) -> float:
    """Mean IoU of the chosen boxes with the targets."""
    with torch.autocast("cpu", torch.bfloat16):
        said = network(ready(pairs.template), ready(pairs.search), pairs.template_mask)
    chosen, _ = best_token(said.score_map.float(), hann_window(network.side) * 0)
    boxes = said.boxes.float().flatten(1, 2)[torch.arange(len(chosen)), chosen]
    return float(ious(boxes, pairs.box)[0].mean())
