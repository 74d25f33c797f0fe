"""A batch norm goes into the convolution before it, and nowhere else."""

import torch
from torch import nn

from road_clarity.pipeline.backends.batch_norms import fold_batch_norms


class Street(nn.Module):
    """A convolution with its norm, one without, and a norm after something else."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm = nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4)
        self.second, self.late = nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)

    def forward(self, x):
        return self.late(self.second(self.norm(self.first(x))).relu())


def learned() -> Street:
    torch.manual_seed(0)
    net = Street()
    for norm in (net.norm, net.late):
        nn.init.uniform_(norm.weight, 0.5, 2.0)
        nn.init.normal_(norm.bias)
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2.0)
    return net.eval()


def test_the_answer_stays_the_same_and_the_norm_goes():
    net, x = learned(), torch.rand(2, 3, 8, 8)
    with torch.no_grad():
        before = net(x)
        fold_batch_norms(net, (x,))
        assert (net(x) - before).abs().max() < 1e-5
    assert isinstance(net.norm, nn.Identity)


def test_a_norm_after_a_relu_stays():
    net = learned()
    fold_batch_norms(net, (torch.rand(1, 3, 8, 8),))
    assert isinstance(net.late, nn.BatchNorm2d)


def test_a_convolution_s_gain_is_the_norm_s():
    net = nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1, eps=0.0)).eval()
    with torch.no_grad():
        net[0].weight.fill_(3.0)
        net[0].bias.fill_(1.0)
        net[1].weight.fill_(2.0)
        net[1].running_var.fill_(4.0)
        net[1].running_mean.fill_(5.0)
    fold_batch_norms(net, (torch.zeros(1, 1, 2, 2),))
    # (3 x + 1 - 5) * 2 / 2
    assert (net[0].weight.item(), net[0].bias.item()) == (3.0, -4.0)
