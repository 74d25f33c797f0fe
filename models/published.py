"""Checkpoints as their authors published them: from a state dict to a network in eval mode."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from road_clarity.models import scnn
from road_clarity.models.errors import BadInput
from road_clarity.models.ffnet import build_ffnet
from road_clarity.models.lorat import build_lorat

State = dict[str, Tensor]
FFNET_CLASSES = "head.layers.3.last_layer.3.bias"  # one per class
PREDOWN = "smoothing.weight"  # FFNet's down-sampling of the image, which the pipeline does itself


def load(name: str, state: State) -> nn.Module:
    """scnn_vgg16, ffnet_<depth>_<heads> or lorat_<size>_<region>.  Raises BadInput."""
    for family, loader in LOADERS.items():
        if name.startswith(family):
            try:
                return loader(name, state).eval()
            except (KeyError, RuntimeError) as error:
                raise BadInput("state dict", f"of {name}", f"does not fit: {error}") from error
    raise BadInput("architecture", name, f"begins with one of {', '.join(LOADERS)}")


def load_ffnet(name: str, state: State) -> nn.Module:
    network = build_ffnet(name, classes=len(state[FFNET_CLASSES]))
    network.load_state_dict({key: value for key, value in state.items() if key != PREDOWN})
    return network


def load_lorat(name: str, state: State) -> nn.Module:
    network = build_lorat(name)
    network.load_state_dict(state)
    return network


LOADERS: dict[str, Callable[[str, State], nn.Module]] = {
    "scnn_vgg16": lambda _, state: scnn.load_published(state),
    "ffnet_": load_ffnet,
    "lorat_": load_lorat,
}
