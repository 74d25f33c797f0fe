"""Low-rank adaptations beside a frozen layer, and merged into it."""

import torch
from torch import nn

from road_clarity.models.lora import LinearWithLora, adapt, is_adapted, merge
from road_clarity.models.vit import Attention


def block() -> nn.Module:
    return nn.ModuleDict({"attn": Attention(width=4, heads=2)})


def adapted_block() -> nn.Module:
    torch.manual_seed(0)
    adapted = block()
    adapt(adapted, rank=2)
    return adapted


def test_an_adaptation_adds_b_times_a_to_the_weight():
    layer = LinearWithLora(nn.Linear(2, 1), rank=1)
    layer.linear.load_state_dict(
        {"weight": torch.tensor([[1.0, 2.0]]), "bias": torch.tensor([3.0])}
    )
    layer.lora.load_state_dict({"A": torch.tensor([[0.0, 1.0]]), "B": torch.tensor([[10.0]])})
    assert layer(torch.tensor([1.0, 1.0])).item() == 1 + 2 + 3 + 10


def test_only_adaptations_learn():
    names = [name for name, p in adapted_block().named_parameters() if p.requires_grad]
    assert all(".lora." in name for name in names)
    assert len(names) == 4 * 2  # query, key, value and projection; A and B each


def test_both_factors_begin_as_small_noise_as_published():
    lora = LinearWithLora(nn.Linear(64, 64), rank=64).lora
    assert 0.015 < lora.A.std().item() < 0.025
    assert 0.015 < lora.B.std().item() < 0.025


def test_merging_changes_nothing_but_the_number_of_weights():
    adapted, plain = adapted_block(), block()
    plain.load_state_dict(merge(adapted.state_dict()))
    x = torch.randn(1, 3, 4)
    assert torch.allclose(plain["attn"](x), adapted["attn"](x), atol=1e-6)
    assert is_adapted(adapted)
    assert not is_adapted(plain)


def test_a_merged_checkpoint_stays_as_it_is():
    state = {"blocks.0.attn.qkv.weight": torch.ones(3, 1), "norm.bias": torch.zeros(1)}
    assert merge(state) == state


def test_alpha_scales_the_adaptation():
    state = {
        "proj.linear.weight": torch.tensor([[1.0]]),
        "proj.lora.A": torch.tensor([[1.0], [0.0]]),
        "proj.lora.B": torch.tensor([[4.0, 0.0]]),
        "lora_alpha": torch.tensor(1.0),
    }
    assert merge(state)["proj.weight"].item() == 1 + 4 * 1 / 2  # alpha / rank
    state["use_rslora"] = torch.tensor(True)
    assert abs(merge(state)["proj.weight"].item() - (1 + 4 * 1 / 2**0.5)) < 1e-6
