"""Checkpoints as their authors published them: from a state dict to a network in eval mode.

Nothing is loaded before every key and every shape is known to fit.  Layouts:
models.published_families.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import nn

from road_clarity.models.errors import BadInput
from road_clarity.models.published_families import FAMILIES, Family, State
from road_clarity.models.state_dict_fit import fill, misfit, require_finite
from road_clarity.models.state_dict_wrapping import unwrapped


class Plain(NamedTuple):
    """A checkpoint under the names of our network, its numbers as they were stored."""

    state: State
    layout: str


def load(
    name: str, state_dict: Mapping[str, Any], base: Mapping[str, Any] | None = None
) -> nn.Module:
    """scnn_vgg16, ffnet_<depth>_<heads>, lorat_<size>_<region> or dinov2_vit<size>14, as float32.

    Raises BadInput.

    base: DINOv2's weights, for a LoRAT checkpoint that holds only what was trained
    """
    state = translate(name, state_dict, base).state
    with torch.device("meta"):
        network = family_of(name).build(name, state)
    return fill(network, state)


def translate(
    name: str, state_dict: Mapping[str, Any], base: Mapping[str, Any] | None = None
) -> Plain:
    """Take off wrappers, rename, check, merge.  Raises BadInput for what does not fit `name`."""
    family, given = family_of(name), unwrapped(state_dict)
    state, layout = family.rename(given)
    if base is not None:
        state, layout = family.on_base(name, state, unwrapped(base))
    require_fit(name, family, given, state)
    require_finite(name, state)
    return Plain(family.finish(state), layout)


def family_of(name: str) -> Family:
    """Raises BadInput for a name that no family has."""
    found = next((family for family in FAMILIES if family.has(name)), None)
    if found is None:
        remedy = "use scnn_vgg16, scnn_vgg16_pad, ffnet_<depth>_<heads> such as ffnet_78s_dbbb, "
        remedy += "lorat_<size>_<region> such as lorat_b_224, or dinov2_vit<size>14"
        raise BadInput("architecture", name, remedy)
    return found


def require_fit(name: str, family: Family, given: State, state: State) -> None:
    """Raises BadInput with everything that is missing, unknown or of another shape.

    given: as it came; state: renamed
    """
    with torch.device("meta"):
        wrong = misfit(state, family.wanted(name, state))
    if not wrong:
        return
    foreign = bool(wrong.unknown or wrong.different)
    hint = family.hint(name, state, foreign) or look_alike(name, given)
    raise BadInput("state dict", f"for {name}", wrong.said() + hint)


def look_alike(name: str, given: State) -> str:
    """'; it looks like ...' when the state dict fits other names, else nothing."""
    names = [n for family in FAMILIES for n in family.names if family.could_be(n, given)]
    fitting = [other for other in names if other != name and fits(other, given)]
    return f"; it looks like {' or '.join(fitting)}: use that name" if fitting else ""


def fits(name: str, given: State) -> bool:
    """Whether a state dict is one of `name`, or the part of one that needs a base."""
    family = family_of(name)
    state, _ = family.rename(given)
    with torch.device("meta"):
        wrong = misfit(state, family.wanted(name, state))
    if wrong.unknown or wrong.different:
        return False
    return not wrong.missing or family.is_part(state)
