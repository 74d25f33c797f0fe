"""Tokens from convolutions: one per patch, each from its own place, with ImageNet's statistics."""

import torch

from road_clarity.models.conv_embed import ConvEmbed
from road_clarity.models.lorat import build_lorat


def test_an_image_gives_one_token_per_patch():
    embed = ConvEmbed(width=12, patch=14).eval()
    assert embed(torch.zeros(2, 3, 112, 112)).shape == (2, 64, 12)


def test_learning_leaves_the_batch_statistics_of_imagenet_alone():
    embed = ConvEmbed(width=12, patch=14).train()
    before = embed.trunk._bn0.running_mean.clone()
    embed(torch.rand(2, 3, 28, 28))
    assert torch.equal(embed.trunk._bn0.running_mean, before)


def test_the_edge_tracker_has_two_and_a_half_million_parameters():
    with torch.device("meta"):
        network = build_lorat("lorat_c4_224")
    assert 2.4e6 < sum(p.numel() for p in network.parameters()) < 2.9e6
