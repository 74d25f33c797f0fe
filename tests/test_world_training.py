"""How the world model learns: which frames it sees, in which light, and what an error costs."""

import numpy as np
import pytest
import torch

from road_clarity.models.cards import Card
from road_clarity.models.errors import BadInput
from road_clarity.models.latent_lstm import LatentLstm
from road_clarity.models.pca import Pca
from road_clarity.models.vae import Vae
from road_clarity.training import world
from road_clarity.training.world_batches import at_rate, augment, calm_views, clip_weights
from road_clarity.training.world_card import Origin, autoencoder_card, memory_card
from road_clarity.training.world_clips import CHECKED, LEARNT, TESTED, Clip
from road_clarity.training.world_lstm import (
    MemoryConfig,
    MemoryRecipe,
    MixtureRecipe,
    clip_errors,
    memory_loss,
    picture_weights,
    read_and_dream,
)
from road_clarity.training.world_simulated import FIRST_SEED, glimpses, simulated_clips, stories
from road_clarity.training.world_vae import (
    FrameBatch,
    VaeConfig,
    VaeRecipe,
    begin_with,
    clip_numbers,
    fitted_frames,
    fitted_views,
)


def clip(frames: int, simulated: bool = False, ends=(0.8, 0.9), level: int = 200) -> Clip:
    return Clip("a", np.full((frames, 64, 64, 3), level, np.uint8), 10.0, simulated, ends)


def moving(ends, seed: int) -> Clip:
    """5 s of a street without meaning, in which 40 patterns fade in and out."""
    rng = np.random.default_rng(0)
    patterns = rng.standard_normal((40, 64 * 64 * 3))
    phase = np.random.default_rng(seed).uniform(0, 6, (50, 40)).cumsum(0) * 0.1
    frames = np.clip(128 + 8 * np.sin(phase) @ patterns, 0, 255).astype(np.uint8)
    return Clip(f"{seed}", frames.reshape(50, 64, 64, 3), 10.0, True, ends)


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    return [moving(LEARNT, seed) for seed in range(6)] + [moving(CHECKED, 7), moving(TESTED, 8)]


@pytest.fixture(scope="module")
def code(clips) -> Pca:
    network = Pca().eval()
    network.fit(fitted_frames(clips, 64))
    return network


def test_latents_at_25_hz_are_read_off_ten_times_a_second_between_the_frames():
    values = torch.arange(11.0)[:, None]  # 0.4 s
    assert at_rate(values, rate_hz=25.0, step_s=0.1)[:, 0].tolist() == [0.0, 2.5, 5.0, 7.5, 10.0]


def test_the_last_fifth_of_a_real_clip_is_held_out_half_of_it_for_the_last_measurement():
    assert (clip(10).split, clip(10).middle) == (8, 9)


def test_a_simulated_clip_has_one_use_only():
    parts = [(c.split, c.middle) for c in (clip(10, True, e) for e in (LEARNT, CHECKED, TESTED))]
    assert parts == [(10, 10), (0, 10), (0, 0)]


def test_real_clips_are_chosen_six_times_in_ten_however_many_simulated_there_are():
    weights = clip_weights([clip(5), clip(20), *(clip(5, True) for _ in range(3))])
    assert weights == pytest.approx([0.2, 0.4, 0.4 / 3, 0.4 / 3, 0.4 / 3])


def test_without_simulated_clips_the_real_ones_are_all():
    assert clip_weights([clip(5), clip(5)]) == pytest.approx([0.5, 0.5])


def test_a_real_street_is_also_calm_in_the_mirror_and_in_other_light():
    views = [calm_views(c, slice(5), 64) for c in (clip(10), clip(10, simulated=True))]
    assert [len(some) for some in views] == [6, 1]
    levels = [round(float(view.mean()), 3) for view in views[0][:3]]
    assert levels == [0.667, 0.784, 0.902]  # 200 of 255 by 0.85, 1 and 1.15


def test_a_simulated_street_is_shown_as_it_is_and_a_real_one_in_chance_light():
    rng = np.random.default_rng(0)
    shown = [float(augment(clip(3, s), slice(3), 64, rng).mean()) for s in (True, False)]
    assert shown[0] == pytest.approx(200 / 255)
    assert shown[1] != pytest.approx(200 / 255)


def test_expecting_no_change_costs_the_square_of_each_step_of_a_steady_drive():
    ramp = torch.arange(41.0)[None, :, None].expand(1, 41, 32)
    answer = read_and_dream(LatentLstm().requires_grad_(False), ramp[:, :-1])
    dreams = sum(k**2 for k in range(1, 21)) / 20  # the dream stands still for twenty steps
    loss = memory_loss(*answer, ramp[:, 1:], torch.ones(32), open_loop=0.5)
    assert float(loss) == pytest.approx(1.0 + 0.5 * dreams)


def test_a_latent_weighs_as_much_as_the_pixels_that_it_changes(code):
    weights = picture_weights(code, torch.zeros(1, 32))
    assert float(weights.mean()) == pytest.approx(1.0)
    assert torch.allclose(weights, code.variance / code.variance.mean(), atol=1e-3)


def test_the_pedestrian_sees_the_stories_that_somebody_leads_and_the_car_sees_all():
    assert {"crossing", "pedestrian_dart_out"} <= set(stories("pedestrian")) < set(stories("car"))


def test_every_story_is_learnt_and_held_out_seeds_are_20000_and_above(monkeypatch, tmp_path):
    monkeypatch.setattr(
        "road_clarity.training.world_simulated.frames", lambda *_: np.zeros((60, 64, 64, 3))
    )
    made = simulated_clips("pedestrian", 64, 2, tmp_path)
    parts = {ends: [c.name for c in made if c.ends == ends] for ends in (LEARNT, CHECKED, TESTED)}
    assert sorted(parts[LEARNT]) == sorted(
        f"{story}_{FIRST_SEED + i}" for story in stories("pedestrian") for i in range(2)
    )
    held_out = [int(name.rsplit("_", 1)[1]) for name in parts[CHECKED] + parts[TESTED]]
    assert held_out == list(range(20000, 20032))


def test_glimpses_are_single_pictures_of_streets_whose_seeds_no_clip_has(monkeypatch, tmp_path):
    monkeypatch.setattr(
        "road_clarity.training.world_simulated.moments", lambda *_: np.zeros((5, 64, 64, 3))
    )
    made = glimpses("car", 64, 12, tmp_path)
    assert [int(clip.name.rsplit("_", 1)[1]) for clip in made] == list(range(2000, 2012))
    assert len({clip.name.rsplit("_", 1)[0] for clip in made}) == len(stories("car"))
    assert {(clip.rate_hz, clip.split) for clip in made} == {(0.0, 5)}


def test_of_every_clip_five_frames_are_fitted_however_many_others_there_are(monkeypatch):
    monkeypatch.setattr("road_clarity.training.world_vae.MOST_FITTED", 50)
    many = [clip(80, True, LEARNT), clip(20, True, LEARNT), clip(5, True, LEARNT)]
    views = fitted_views(many, 64)
    assert [sum(map(len, some)) for some in views] == [27, 7, 5]  # every third, or all
    assert clip_numbers(views).bincount().tolist() == [27, 7, 5]


def test_linear_codes_see_every_learnt_frame_and_no_other(clips):
    assert fitted_frames(clips, 64).shape == (300, 3, 64, 64)


def test_a_vae_may_begin_with_the_weights_of_another(tmp_path):
    from safetensors.torch import save_file

    other, fresh = Vae(), Vae()
    save_file(other.state_dict(), tmp_path / "other.safetensors")
    begin_with(fresh, tmp_path / "other.safetensors")
    assert torch.equal(fresh.mu.weight, other.mu.weight)
    save_file(LatentLstm().state_dict(), tmp_path / "memory.safetensors")
    with pytest.raises(BadInput, match="start .*unknown"):
        begin_with(fresh, tmp_path / "memory.safetensors")


def test_a_step_of_the_vae_has_a_loss_and_a_score(clips):
    recipe = VaeRecipe(VaeConfig(batch=2), clips, 64)
    batch = FrameBatch(torch.stack([recipe.sample(n, np.random.default_rng(n))[0] for n in (0, 1)]))
    with torch.no_grad():
        assert float(recipe.loss(recipe.answer(batch), batch)) > 0
        score = recipe.score(recipe.network)
    assert score["psnr"] == pytest.approx(-10 * np.log10(score["mse"]))


@pytest.mark.parametrize("kind", [MemoryRecipe, MixtureRecipe])
def test_a_memory_learns_what_comes_next_on_the_latents_of_any_autoencoder(clips, code, kind):
    recipe = kind(MemoryConfig(simulated_views=1), code, clips)
    samples = [recipe.sample(n, np.random.default_rng(n)) for n in range(4)]
    batch = type(samples[0])(*(torch.stack(part) for part in zip(*samples, strict=True)))
    adam = torch.optim.Adam(recipe.network.parameters(), 3e-3)
    losses = []
    for _ in range(4):
        loss = recipe.loss(recipe.answer(batch), batch)
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    with torch.no_grad():
        score = recipe.score(recipe.network)
    assert score["mse_1s"] == pytest.approx((1 - score["better_than_copying"]) * score["copied_1s"])


def test_a_test_part_is_only_dreamt_into(clips, code):
    half = Clip("half", clips[-1].frames, 10.0, True, ends=(0.6, 0.8))  # tests from step 40 of 50
    for whole, dreams in ((clips[-1], 30), (half, 10)):
        assert len(clip_errors(code, LatentLstm(), [whole], 1.0, True).dreamt) == dreams


def test_the_weights_are_named_after_what_they_see():
    config = world.WorldConfig(view="pedestrian")
    assert [config.name(kind) for kind in world.KINDS] == [
        "pca_pedestrian", "rg_pedestrian", "vae_pedestrian",
    ]  # fmt: skip
    assert [config.memory_name(kind) for kind in world.KINDS] == [
        "lstm_pca_pedestrian", "lstm_rg_pedestrian", "lstm_pedestrian",
    ]  # fmt: skip
    assert world.WorldConfig().memory_name("rg") == "lstm_rg_edge"


@pytest.mark.parametrize(
    "wrong, said",
    [
        ({"networks": ("gan",)}, "networks .*choose among pca, rg, vae"),
        ({"side": 100}, "side 100: there are"),
        ({"view": "bird"}, "view bird: use one of car, pedestrian"),
    ],
)
def test_what_the_recipe_cannot_make_is_refused(wrong, said):
    with pytest.raises(BadInput, match=said):
        world.WorldConfig(**wrong)


def test_the_card_of_a_memory_names_its_autoencoder_and_that_of_an_autoencoder_none():
    origin = Origin("pedestrian", seed=0, seconds=60.0, autoencoder="rg_pedestrian", clips=3)
    drawn = autoencoder_card("rg_pedestrian", "rg", 64, origin, {"mse": 0.01})
    recalled = memory_card("lstm_rg_pedestrian", "latent_lstm_256", origin, {})
    assert (drawn.made_for, recalled.made_for) == ("", "rg_pedestrian")
    assert Card.parse(recalled.render(), "here").made_for == "rg_pedestrian"
    assert "CamVid" not in " ".join(drawn.data)  # the pedestrian's view is all simulated
