"""What every layer of the world model answers on calm frames, to notice where it first differs.

Two measures by layer.  Liveliness: how much each channel varies over the frame, against the layer
before; a channel that always varied and now does not is dead.  Novelty: how far the channels of one
cell lie from calm cells (Mahalanobis distance, as in PaDiM, Defard et al. 2020, arXiv:2011.08785);
all cells far off mean a broken layer, those of one object an object unlike all that was seen.
C channels, H rows, W columns, K objects, N frames, D latents.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.errors import BadInput
from road_clarity.models.nominal import CalmSpread, Whitening
from road_clarity.models.state_dict_fit import misfit
from road_clarity.safety.cause import Cause, cause_at
from road_clarity.safety.passage import IMAGE, Passage, object_and_ring, on_grid, passage
from road_clarity.safety.scene import Box

SILENT = 1e-6  # liveliness below this share of the layer before is none
LEAST_PART = 1.0  # of an even part in a layer's liveliness: less may fall silent by chance
LEAST_DEVIATION = 0.1  # of the logarithm of a liveliness or of a novelty
LEAST_VARIANCE = 1e-3  # of a direction of the cells, of the mean variance of a channel
RARE = 0.99  # share of the calm objects that are less novel than the limit
MARGIN = 1.5  # times the largest of all calm frames, as other streets differ a little: a fault
NOVEL = 0.3  # logarithm of the distance from calm cells beyond that of calm objects
FEWEST_FRAMES = 100  # of which one is rare


@dataclass(frozen=True, eq=False)
class Fault:
    """The first layer that answers unlike on calm frames, and which channels differ."""

    layer: str
    cause: Cause
    shares: Tensor  # (C,) of the fault, by channel; they add up to 1


class CalmLayer(nn.Module):
    """One layer on calm frames."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.cells = Whitening(channels)
        self.lively = CalmSpread(channels)
        self.typical = CalmSpread()  # of the novelty of the mean cell
        self.register_buffer("steady", torch.zeros(channels, dtype=torch.bool))  # never silent
        self.register_buffer("change_limit", torch.tensor(math.inf))
        self.register_buffer("novelty_limit", torch.tensor(math.inf))
        self.register_buffer("object_limit", torch.tensor(math.inf))

    def fit(self, frames: Tensor, probes: Tensor, lively: Tensor, objects: list[Tensor]) -> None:
        """frames: (N, C, H, W)      probes: (N, 2, C, H, W)      lively: (N, C) logarithms

        objects: N times (K, S, S) covered pixels
        """
        cells = frames.flatten(2).transpose(1, 2).flatten(0, 1)  # (N * H * W, C)
        self.cells.fit(cells, LEAST_VARIANCE * float(cells.var(0).mean().clamp_min(1e-9)))
        fit_spread(self.lively, lively)
        self.get_buffer("steady").copy_(~silent(lively).any(0))
        fit_spread(self.typical, torch.stack([self.novelty(one).mean() for one in probes]))
        changes = torch.stack([self.change(one) for one in lively])
        self.get_buffer("change_limit").copy_(MARGIN * changes.max())
        odd = torch.stack([self.oddness(one) for one in probes])
        self.get_buffer("novelty_limit").copy_(MARGIN * odd.max())
        seen = [
            object_novelty(self, one, on_grid(covered, one.shape))
            for one, covered in zip(frames, objects, strict=True)
        ]
        self.get_buffer("object_limit").copy_(torch.cat(seen).quantile(RARE))

    def novelty(self, features: Tensor) -> Tensor:
        """Logarithm of the distance of every cell from calm cells: (..., C, H, W) -> (..., H, W)"""
        distance: Tensor = self.cells(features.movedim(-3, -1))
        return distance.clamp_min(1e-9).log()

    def oddness(self, probe: Tensor) -> Tensor:
        """Of all cells together [calm deviations]: (2, C, H, W) -> ()"""
        odd: Tensor = self.typical(self.novelty(probe).mean())
        return odd.abs()

    def change(self, lively: Tensor) -> Tensor:
        """How differently the channels change that have any liveliness: (C,) -> ()

        What all share is the light and contrast of the frame.
        """
        speaks = (~silent(lively)).float()
        weight = speaks / speaks.sum().clamp_min(1.0)
        deviations: Tensor = self.lively(lively)
        return weight @ (deviations - weight @ deviations).square()

    def dead(self, lively: Tensor) -> Tensor:
        """Channels that spoke in every calm frame and are silent now: (C,) bool"""
        return silent(lively) & self.get_buffer("steady")

    def energy(self) -> Tensor:
        """Part of each channel in what the layer varies by on calm frames: (C,), adding up to 1"""
        energy: Tensor = (2 * self.lively.get_buffer("mean")).exp()
        return energy / energy.sum()

    def chance(self) -> float:
        """Part of the layer's energy that may fall silent by chance; none where nothing ever did.

        A rectifier closes now and then; what is linear never does.
        """
        steady = self.get_buffer("steady")
        return 0.0 if bool(steady.all()) else LEAST_PART / len(steady)

    def fault(self, name: str, probe: Tensor, lively: Tensor) -> Fault | None:
        """Dead channels alone, a layer that is odd as a whole, or neither."""
        if bool(self.change(lively) > self.get_buffer("change_limit")):
            return Fault(name, cause_at(name, Cause.BROKEN_LAYER), self._changes(lively))
        lacking = self.energy() * self.dead(lively)
        if float(lacking.sum()) > self.chance():
            return Fault(name, cause_at(name, Cause.DEAD_CHANNEL), lacking / lacking.sum())
        if bool(self.oddness(probe) > self.get_buffer("novelty_limit")):
            return Fault(name, cause_at(name, Cause.BROKEN_LAYER), self._changes(lively))
        return None

    def _changes(self, lively: Tensor) -> Tensor:
        squares: Tensor = self.lively(lively).square()
        return squares / squares.sum()

    def unlike(self, features: Tensor, cells: Tensor) -> Tensor:
        """How unlike calm each channel is in these cells: (C, H, W), weights (H, W) -> (C,)"""
        mean, matrix = self.cells.get_buffer("mean"), self.cells.get_buffer("matrix")
        whitened = (features.flatten(1).T - mean) @ matrix  # (H * W, C)
        return cells.flatten() @ whitened.square()


class CalmLayers(nn.Module):
    """All layers of one network; everything is kept in buffers, a number per pair of channels."""

    def __init__(self, channels: dict[str, int]) -> None:
        """channels: by layer, in the order in which a frame passes them"""
        super().__init__()
        self.names = tuple(channels)
        self.parts = nn.ModuleList(CalmLayer(count) for count in channels.values())

    @classmethod
    def of(cls, ways: list[Passage], objects: list[Tensor]) -> CalmLayers:
        """From calm frames with objects.  objects: (K, S, S) covered pixels, for each frame.

        Raises BadInput when there are too few frames to know what is rare.
        """
        if len(ways) < FEWEST_FRAMES:
            raise BadInput(
                "calm frames", len(ways), f"take {FEWEST_FRAMES} or more of many streets"
            )
        layers, probes = [way.layers for way in ways], [way.probe for way in ways]
        alive = [liveliness(probe) for probe in probes]
        calm = cls({name: len(features) for name, features in layers[0].items()})
        for name, part in calm.items():
            frames, seen, lively = (
                torch.stack([one[name] for one in measured]) for measured in (layers, probes, alive)
            )
            part.fit(frames, seen, lively, objects)
        return calm

    def check(self, way: Passage) -> None:
        """Raises BadInput when these are the layers of another network."""
        here = {name: len(features) for name, features in way.layers.items()}
        ours = {name: len(part.get_buffer("steady")) for name, part in self.items()}
        if here != ours:
            raise BadInput(
                "calm layers", list(ours.items()), f"the network has {list(here.items())}"
            )

    def items(self) -> list[tuple[str, CalmLayer]]:
        """In the order in which a frame passes them."""
        parts = (cast(CalmLayer, part) for part in self.parts)
        return list(zip(self.names, parts, strict=True))

    def __getitem__(self, name: str) -> CalmLayer:
        return cast(CalmLayer, self.parts[self.names.index(name)])

    def stored(self) -> dict[str, Tensor]:
        """Everything that is known, by a name that also tells the layer's place and its name."""
        return {
            f"{place:02}/{name}/{key}": values
            for place, (name, part) in enumerate(self.items())
            for key, values in part.state_dict().items()
        }

    @classmethod
    def restored(cls, stored: dict[str, Tensor]) -> CalmLayers:
        """From what `stored` gave.  Raises BadInput for anything else."""
        parts = {key: key.split("/") for key in sorted(stored)}
        if not parts or any(len(part) != 3 for part in parts.values()):
            raise BadInput("calm layers", sorted(stored)[:1], "is no file of calm layers")
        names = list(dict.fromkeys(name for _, name, _ in parts.values()))
        ours = {parts[key][1]: len(stored[key]) for key in parts if parts[key][2] == "steady"}
        calm = cls({name: ours.get(name, 0) for name in names})
        for name, part in calm.items():
            values = {end: stored[key] for key, (_, of, end) in parts.items() if of == name}
            wrong = misfit(values, part.state_dict())
            if wrong:
                raise BadInput("calm layers", name, f"are incomplete: {wrong.said()}")
            part.load_state_dict(values)
        return calm

    def first_fault(self, net: Autoencoder, way: Passage) -> Fault | None:
        """Of the network, if any: what an object loses there is not the object's doing."""
        probe = way.probe
        alive = liveliness(probe)
        for name, part in self.items():
            if name == IMAGE or (name in way.decoder and not net.owns(name)):
                continue  # has no weights of its own that could be at fault
            found = part.fault(name, probe[name], alive[name])
            if found is not None:
                return found
        return None


@torch.no_grad()
def calm_layers(
    net: Autoencoder, frames: Tensor, boxes: list[list[Box]], size: tuple[int, int]
) -> CalmLayers:
    """Of a healthy network, from calm frames (N, 3, S, S) with the boxes of their objects.

    boxes in pixels of source images of `size` (W, H); frames without any are left out.
    """
    ways, objects = [], []
    for x, around in zip(frames.split(1), boxes, strict=True):
        if around:
            insides, rings = object_and_ring(around, size, net.side)
            ways.append(passage(net, x, insides, rings, probed=True))
            objects.append(insides)
    return CalmLayers.of(ways, objects)


def novel_at(calm: CalmLayers, way: Passage, cells: list[dict[str, Tensor]]) -> list[str | None]:
    """The first layer of the encoder in which each object is unlike calm ones.

    cells: of each object, weights (H, W) by layer
    """
    first: list[str | None] = [None] * len(cells)
    for name, part in calm.items():
        if name in way.encoder and cells:
            grids = torch.stack([one[name] for one in cells])
            seen = object_novelty(part, way.encoder[name][0], grids)
            odd = (seen > part.get_buffer("object_limit") + NOVEL).tolist()
            first = [old or (name if new else None) for old, new in zip(first, odd, strict=True)]
    return first


def fit_spread(spread: CalmSpread, calm: Tensor) -> None:
    spread.fit(calm)
    spread.get_buffer("deviation").clamp_(min=LEAST_DEVIATION)


def silent(lively: Tensor) -> Tensor:
    return lively < math.log(2 * SILENT)


def liveliness(probe: dict[str, Tensor]) -> dict[str, Tensor]:
    """Logarithm of what each channel varies by, against the layer before: (C,) for each layer.

    probe: (2, C, H, W) by layer; over the cells of both pictures
    """
    found, before = {}, torch.ones(())
    for name, features in probe.items():
        varies = features.transpose(0, 1).flatten(1).std(1, correction=0)
        found[name] = (varies / before.clamp_min(1e-9) + SILENT).log()
        before = rms(varies)
    return found


def rms(values: Tensor) -> Tensor:
    return values.square().mean().sqrt()


def object_novelty(part: CalmLayer, features: Tensor, cells: Tensor) -> Tensor:
    """Mean over the cells of each object: (C, H, W), weights (K, H, W) -> (K,)"""
    return cells.flatten(1) @ part.novelty(features).flatten()
