"""The world model's memory, and how it is taught."""

import numpy as np
import pytest
import torch

from road_clarity.models.latent_lstm import LatentLstm
from road_clarity.models.registry import build
from road_clarity.training.best_so_far import BestSoFar
from road_clarity.training.world_batches import at_rate, clip_weights
from road_clarity.training.world_calibration import calm_views
from road_clarity.training.world_clips import Clip
from road_clarity.training.world_lstm import forecast, memory_loss


@pytest.fixture
def lstm() -> LatentLstm:
    torch.manual_seed(0)
    net = LatentLstm().eval().requires_grad_(False)
    torch.nn.init.normal_(net.head.weight, std=0.1)
    return net


def test_before_training_it_expects_that_nothing_changes():
    net, z = build("latent_lstm_256"), torch.randn(2, 5, 32)
    assert torch.equal(net(z)[0], z)


def test_a_constant_push_on_the_head_adds_up_along_a_dream():
    net = LatentLstm().requires_grad_(False)
    net.head.bias.fill_(0.5)
    dream = net.dream(torch.zeros(1, 32), None, horizon=4)
    assert dream[0, :, 7].tolist() == [0.5, 1.0, 1.5, 2.0]


def test_stepping_through_a_drive_is_the_same_as_reading_it_at_once(lstm):
    z, state, steps = torch.randn(1, 6, 32), None, []
    for t in range(6):
        following, state = lstm.step(z[:, t], state)
        steps.append(following)
    assert torch.allclose(torch.stack(steps, 1), lstm(z)[0], atol=1e-6)


def test_the_first_step_of_a_dream_is_the_prediction(lstm):
    z = torch.randn(3, 32)
    assert torch.equal(lstm.dream(z, None, 5)[:, 0], lstm.step(z, None)[0])


def test_a_forecast_from_step_three_has_seen_three_steps_before(lstm):
    mu = torch.randn(5, 32)
    _, state = lstm(mu[None, :3])
    expected = lstm.dream(mu[None, 3], state, 2)
    assert torch.allclose(forecast(lstm, mu, first=3, horizon=2)[:1], expected, atol=1e-6)


def test_expecting_no_change_costs_the_square_of_each_step_of_a_steady_drive():
    ramp = torch.arange(33.0)[None, :, None].expand(1, 33, 32)
    dreams = sum(k**2 for k in range(1, 11)) / 10  # the dream stands still for ten steps
    loss = memory_loss(LatentLstm().requires_grad_(False), ramp[:, :-1], ramp[:, 1:])
    assert float(loss) == pytest.approx(1.0 + 0.5 * dreams)


def test_latents_at_25_hz_are_read_off_ten_times_a_second_between_the_frames():
    values = torch.arange(11.0)[:, None]  # 0.4 s
    assert at_rate(values, rate_hz=25.0, step_s=0.1)[:, 0].tolist() == [0.0, 2.5, 5.0, 7.5, 10.0]


def test_the_last_fifth_of_a_clip_is_held_out_half_of_it_for_the_last_measurement():
    clip = Clip("ten frames", np.zeros((10, 4, 4, 3), np.uint8), rate_hz=10.0)
    assert (clip.split, clip.middle) == (8, 9)


def test_stopped_training_goes_on_where_it_was_with_its_best_network(tmp_path):
    net = torch.nn.Linear(1, 1, bias=False)
    adam = torch.optim.Adam(net.parameters())
    progress = BestSoFar(net, adam, tmp_path / "state.pt")
    torch.nn.init.constant_(net.weight, 1.0)
    assert progress.check(step=10, error=0.5)
    torch.nn.init.constant_(net.weight, 2.0)
    assert not progress.check(step=20, error=0.7)

    fresh = torch.nn.Linear(1, 1, bias=False)
    again = BestSoFar(fresh, torch.optim.Adam(fresh.parameters()), tmp_path / "state.pt")
    assert (again.step, again.error) == (20, 0.5)
    assert (fresh.weight.item(), again.best.weight.item()) == (2.0, 1.0)


def clip(frames: int, simulated: bool = False) -> Clip:
    return Clip("a", np.full((frames, 128, 128, 3), 200, np.uint8), 10.0, simulated)


def test_real_clips_are_chosen_six_times_in_ten_however_many_simulated_there_are():
    weights = clip_weights([clip(5), clip(20), clip(5, True), clip(5, True), clip(5, True)])
    assert weights == pytest.approx([0.2, 0.4, 0.4 / 3, 0.4 / 3, 0.4 / 3])


def test_without_simulated_clips_the_real_ones_are_all():
    assert clip_weights([clip(5), clip(5)]) == pytest.approx([0.5, 0.5])


def test_a_real_street_is_also_calm_in_the_mirror_and_in_other_light():
    assert [len(calm_views(c)) for c in (clip(10), clip(10, simulated=True))] == [6, 1]
    levels = [round(float(view.mean()), 3) for view in calm_views(clip(10))[:3]]
    assert levels == [0.667, 0.784, 0.902]  # 200 of 255 by 0.85, 1 and 1.15
