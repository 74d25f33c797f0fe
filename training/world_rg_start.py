"""Begin a VAE's encoder with the transparent backbone: coarse graining instead of chance.

"Why Unsupervised Deep Networks Generalize" (de Mello Koch et al. 2020, arXiv:2012.03531) calls
such weights an excellent start.  A block filter goes into the middle of a kernel of 4 x 4 pixels,
once as it is and once negated: behind a ReLU the two together still are the linear answer.
N frames, D latents; images are (N, 3, 64, 64) in [0, 1].
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from road_clarity.models.rg_backbone import CoarseGraining, RgBackbone
from road_clarity.models.vae import Vae

MIDDLE = slice(1, 3)  # of a kernel of 4 pixels
RIDGE = 1e-3  # share of the mean variance added, where features say the same twice


@torch.no_grad()
def begin_coarse(vae: Vae, backbone: RgBackbone, frames: Tensor) -> None:
    """The convolutions from its filters, the mean from its latents of these frames (N > D)."""
    signs = 1  # channels that carry one mode: the image's own, later two
    for layer, scale in zip(vae.encoder, backbone.grainings(), strict=True):
        assert isinstance(layer, nn.Conv2d)
        begin_layer(layer, scale, signs)
        signs = 2
    features = vae.encoder_features(frames)[-1].flatten(1)
    weight, bias = ridge(features, backbone.encode(frames)[0])
    vae.mu.weight.copy_(weight)
    vae.mu.bias.copy_(bias)


def begin_layer(layer: nn.Conv2d, scale: CoarseGraining, signs: int) -> None:
    """Channels 0..m-1 answer with +mode, m..2m-1 with -mode; what is left stays as it was."""
    filters, mean = scale.get_buffer("filters"), scale.get_buffer("mean")
    shift = -(filters * mean).sum((1, 2, 3))
    modes, width = filters.shape[:2]
    for sign, at in ((1.0, 0), (-1.0, modes)):
        layer.weight[at : at + modes] = 0.0
        for part, offset in zip((1.0, -1.0)[:signs], (0, width), strict=False):
            into = layer.weight[at : at + modes, offset : offset + width, MIDDLE, MIDDLE]
            into.copy_(sign * part * filters)
        assert layer.bias is not None
        layer.bias[at : at + modes] = sign * shift


def ridge(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Weight and bias of the linear map that says y (N, D) from x (N, n) with the least error."""
    means = x.mean(0), y.mean(0)
    a, b = (x - means[0]).double(), (y - means[1]).double()
    gram = a.T @ a
    gram += RIDGE * gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype)
    weight = torch.linalg.solve(gram, a.T @ b).T.float()
    return weight, means[1] - weight @ means[0]
