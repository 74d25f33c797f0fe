"""The world model at work: frames of any rate in, a fixed rate behind, the same bytes each time."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from road_clarity.models.autoencoder import Autoencoder
from road_clarity.models.cards import Card
from road_clarity.models.errors import BadInput
from road_clarity.models.latent_lstm import LatentLstm
from road_clarity.models.rg_backbone import RgBackbone
from road_clarity.models.vae import Vae
from road_clarity.pipeline import weights
from road_clarity.pipeline.frame import Frame
from road_clarity.pipeline.latent_clock import LatentClock
from road_clarity.pipeline.world import WorldConfig, WorldStage, pair_of, picture

MS = 1_000_000  # [ns]


def clock() -> LatentClock:
    return LatentClock(step_ns=100 * MS, gap_ns=500 * MS)


def latents_at(*stamps_ms: int) -> list[float]:
    """What the clock gives when the latent is the time in milliseconds itself."""
    ticking = clock()
    due = [ticking.push(ms * MS, torch.tensor([float(ms)])) for ms in stamps_ms]
    return [float(one) for step in due for one in step]


def test_at_ten_frames_a_second_every_frame_is_a_step():
    assert latents_at(0, 100, 200, 300) == [0, 100, 200, 300]


def test_at_25_frames_a_second_the_steps_lie_between_the_frames():
    assert latents_at(0, 40, 80, 120, 160, 200, 240) == [0, 100, 200]


def test_a_short_pause_is_bridged_by_all_the_steps_it_took():
    assert latents_at(1000, 1350, 1400) == [1000, 1100, 1200, 1300, 1400]


@pytest.mark.parametrize(
    "stamp_ms, broken", [(1000, False), (1500, False), (1501, True), (999, True)]
)
def test_long_gaps_and_time_going_back_cannot_be_bridged(stamp_ms, broken):
    ticking = clock()
    ticking.push(1000 * MS, torch.zeros(1))
    assert ticking.broken(stamp_ms * MS) == broken


def untrained(autoencoder: Autoencoder) -> dict[str, nn.Module]:
    """Networks by name, with a calibration of zeros and ones."""
    nets = {"vae_edge": autoencoder.eval(), "lstm_edge": LatentLstm().eval()}
    for net in nets.values():
        net.requires_grad_(False)
        for name, values in net.named_buffers():
            if name.startswith("calm") and values.is_floating_point():
                values.fill_(1.0 if name.endswith("deviation") else 0.0)
    nets["lstm_edge"].calm_change.matrix.copy_(torch.eye(32))
    torch.nn.init.normal_(nets["lstm_edge"].head.weight)
    return nets


def card(name: str, made_for: str = "") -> Card:
    return Card(
        name=name,
        architecture="x",
        data={},
        command="",
        seed=0,
        cost="",
        metrics={},
        metrics_command="",
        made_for=made_for,
    )


def shelved(monkeypatch, nets: dict[str, nn.Module], made_for: str = "vae_edge") -> None:
    """Put networks where the stage looks for weights."""
    cards = {"vae_edge": card("vae_edge"), "lstm_edge": card("lstm_edge", made_for)}
    monkeypatch.setattr(weights, "load", lambda name, device: (nets[name], cards[name]))


@pytest.fixture
def stage(monkeypatch) -> WorldStage:
    """The stage around untrained networks, so that the test needs no weights file."""
    torch.manual_seed(0)
    shelved(monkeypatch, untrained(Vae()))
    return WorldStage(WorldConfig(), "cpu")


@pytest.fixture
def transparent(monkeypatch) -> WorldStage:
    """The same around the transparent backbone, fitted to noise."""
    backbone = RgBackbone()
    backbone.fit(torch.rand(200, 3, 64, 64, generator=torch.Generator().manual_seed(0)))
    shelved(monkeypatch, untrained(backbone))
    return WorldStage(WorldConfig(), "cpu")


def frame(index: int, stamp_ms: int) -> Frame:
    image = np.random.default_rng(index).integers(0, 256, (90, 160, 3), dtype=np.uint8)
    return Frame(index, stamp_ms * MS, image)


def drive(stage: WorldStage, *stamps_ms: int):
    return [stage.run(frame(i, ms)) for i, ms in enumerate(stamps_ms)]


def test_a_world_belongs_to_its_frame_and_has_the_sizes_of_the_network(stage):
    (world,) = drive(stage, 40)
    assert (world.stamp_ns, world.horizon_s) == (40 * MS, 1.0)
    assert world.error_map.shape == (64, 64)
    assert world.reconstruction.shape == world.prediction.shape == (64, 64, 3)
    assert world.error == pytest.approx(float(world.error_map.mean()))


def test_the_first_tenth_of_a_second_has_no_surprise(stage):
    worlds = drive(stage, 0, 40, 80, 120)
    assert [math.isnan(w.surprise) for w in worlds] == [True, True, True, False]


@pytest.mark.parametrize("late_ms", [701, 100])
def test_after_a_gap_or_a_jump_back_the_memory_starts_anew(stage, late_ms):
    worlds = drive(stage, 0, 100, 200, late_ms)
    assert not math.isnan(worlds[2].surprise)
    assert math.isnan(worlds[3].surprise)


@pytest.mark.claim("nonsense")
@pytest.mark.fault(
    "world model's memory says nan", state="unknown: world.failed; it forgets the drive, as nan "
    "would stay in it for ever", within="the same image", back="0.1 s of images, and 0.5 s",
)  # fmt: skip
def test_a_memory_that_says_nan_once_does_not_remember_it(stage, monkeypatch):
    drive(stage, 0, 100)
    with monkeypatch.context() as broken:
        broken.setattr(stage._lstm, "step", lambda latent, state: (latent * math.nan, state))
        with pytest.raises(ValueError, match="memory's answer is not finite"):
            stage.run(frame(2, 200))
    worlds = drive(stage, 300, 400)
    assert [math.isnan(world.surprise) for world in worlds] == [True, False]


@pytest.mark.claim("nonsense")
def test_an_image_whose_latent_is_nan_is_refused_before_the_memory_sees_it(stage, monkeypatch):
    drive(stage, 0, 100)
    with monkeypatch.context() as broken:
        encode = stage._vae.encode
        broken.setattr(stage._vae, "encode", lambda x: (encode(x)[0] * math.nan,))
        with pytest.raises(ValueError, match="not finite"):
            stage.run(frame(2, 200))
    assert not math.isnan(stage.run(frame(3, 300)).surprise)


def test_the_same_drive_gives_the_same_bytes(stage):
    def run() -> list[bytes]:
        stage.reset()
        worlds = drive(stage, 0, 33, 67, 100, 133)
        return [
            w.prediction.tobytes() + w.error_map.tobytes() + str(w.surprise).encode()
            for w in worlds
        ]

    assert run() == run()


def test_without_calibration_nothing_is_called_calm(stage):
    worlds = drive(stage, 0, 100)
    assert all(math.isnan(w.error_p) and math.isnan(w.p_value) for w in worlds)


def test_the_transparent_backbone_takes_the_place_of_the_vae(transparent):
    worlds = drive(transparent, 0, 100, 200)
    assert worlds[2].reconstruction.shape == worlds[2].prediction.shape == (64, 64, 3)
    assert worlds[2].error > 0 and math.isfinite(worlds[2].surprise)


def test_a_backbone_that_was_never_fitted_is_refused(monkeypatch):
    shelved(monkeypatch, untrained(RgBackbone()))
    with pytest.raises(BadInput, match="never fitted"):
        WorldStage(WorldConfig(), "cpu")


def test_a_memory_that_was_made_for_another_autoencoder_is_refused(monkeypatch):
    shelved(monkeypatch, untrained(Vae()), made_for="rg_edge")
    with pytest.raises(BadInput, match="lstm_edge: was made for rg_edge, not for vae_edge"):
        WorldStage(WorldConfig(), "cpu")


def test_a_memory_of_another_latent_size_is_refused(monkeypatch):
    shelved(monkeypatch, untrained(Vae()) | {"lstm_edge": LatentLstm(latents=16)})
    with pytest.raises(BadInput, match="latents 16: the autoencoder has 32"):
        WorldStage(WorldConfig(), "cpu")


def test_what_overshoots_white_is_drawn_white_and_what_is_no_number_black():
    levels = picture(torch.tensor([-0.5, 0.5, 1.5, math.nan]).view(1, 1, 1, 4).expand(1, 3, 1, 4))
    assert levels[0, :, 0].tolist() == [0, 128, 255, 0]


def test_the_horizon_must_lie_within_reach():
    with pytest.raises(BadInput, match="horizon_s 9.0"):
        WorldConfig(horizon_s=9.0)


@pytest.mark.skipif("lstm_edge" not in weights.names(), reason="lstm_edge is not there")
def test_the_shipped_world_model_finds_noise_stranger_than_all_calm_frames():
    world = WorldStage(WorldConfig(), "cpu").run(frame(0, 0))
    assert world.error_p < 0.01


@pytest.mark.skipif("lstm_edge" not in weights.names(), reason="lstm_edge is not there")
@pytest.mark.parametrize("name", ["vae_edge", "lstm_edge"])
def test_each_of_a_pair_knows_the_other(name):
    assert pair_of(name) == ("vae_edge", "lstm_edge")
