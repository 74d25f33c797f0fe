"""Calm layers are used only when they are, bit for bit, those made for these very weights."""

import pytest
import torch
from tiny_world import BOX, SIZE, streets, tiny_calm, tiny_vae
from typer.testing import CliRunner

from road_clarity.models import registry
from road_clarity.models.cards import Card
from road_clarity.models.errors import BadInput
from road_clarity.pipeline import weights
from road_clarity.pipeline.calm_weights import load_calm
from road_clarity.pipeline.commands import weights as commands
from road_clarity.safety.explanation import explain
from road_clarity.safety.lesions import scrambled
from road_clarity.training import world_calm
from road_clarity.training.calm_streets import can_be_asked_about
from road_clarity.training.publish import publish, publish_calm
from road_clarity.training.world_calm import CalmConfig, CalmFrames, evenly, ordinary_parts
from road_clarity.training.world_clips import CHECKED, LEARNT, SHARED, Clip
from road_clarity.training.world_simulated import PX

NAME = "vae_edge"
CARD = Card(
    name=NAME, architecture="tiny", data={"made": "CC0"}, command="none", seed=1, cost="0 s",
    metrics={"error": 0.5}, metrics_command="none",
)  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The weights of a tiny autoencoder, with calm layers made for them."""
    monkeypatch.setitem(registry.BUILDERS, "tiny", tiny_vae)
    monkeypatch.setattr(weights, "WEIGHTS", tmp_path)
    publish(CARD, tiny_vae().state_dict(), tmp_path, torch.float32)
    card = weights.read_card(NAME, tmp_path)
    publish_calm(card, tiny_calm(tiny_vae()).stored(), "100 made streets", "none", tmp_path)
    return tmp_path


def test_calm_layers_of_a_file_name_the_layer_that_is_broken(folder):
    net, card = weights.load(NAME, folder=folder)
    calm, x = load_calm(NAME, folder), streets(1, seed=3)
    assert card.calm_layers["frames"] == "100 made streets"
    assert explain(net, x, [BOX], SIZE, calm).fault is None
    hurt = scrambled(net, "encoder.1", 0).network
    assert explain(hurt, x, [BOX], SIZE, calm).regions[0].verdict == (
        "lost at encoder.1, broken layer"
    )


def test_weights_without_calm_layers_have_none(folder):
    publish(CARD, tiny_vae().state_dict(), folder, torch.float32)
    assert load_calm(NAME, folder) is None


def test_a_flipped_bit_is_refused(folder):
    path = folder / f"{NAME}.calm.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadInput, match="are not what its card says; make it again"):
        load_calm(NAME, folder)


def test_calm_layers_of_other_weights_are_refused(folder):
    card = weights.read_card(NAME, folder)
    (folder / f"{NAME}.md").write_text(card.with_sha256("0" * 64).render())
    with pytest.raises(BadInput, match="are those of other weights"):
        load_calm(NAME, folder)


def test_verify_tells_of_both_files_and_the_list_of_one_network(folder):
    told = CliRunner().invoke(commands, ["verify", NAME])
    assert [line.split(" sha256 ")[0] for line in told.output.splitlines()] == [
        f"{NAME}:", f"{NAME}: calm layers {weights.read_card(NAME).calm_layers['sha256']} as its "
        "card says",
    ]  # fmt: skip
    assert weights.names(folder) == [NAME]


def test_the_recipe_makes_them_for_weights_that_are_there(folder, monkeypatch):
    made = CalmFrames(streets(120, seed=5), [[BOX]] * 120, "120 made streets")
    monkeypatch.setattr(world_calm, "calm_frames", lambda view, side, seed: made)
    monkeypatch.setattr(world_calm, "PX", SIZE)
    world_calm.train(CalmConfig(networks=(NAME,), weights=folder))
    assert weights.read_card(NAME, folder).calm_layers["frames"] == "120 made streets"
    assert load_calm(NAME, folder) is not None


@pytest.mark.parametrize(
    ("name", "said"), [("vae_moon", "is not in"), ("street", "is not in"), (NAME, "not what its")]
)
def test_weights_that_cannot_be_used_are_refused(folder, name, said):
    (folder / f"{NAME}.safetensors").write_bytes(b"0")
    with pytest.raises(BadInput, match=said):
        world_calm.train(CalmConfig(networks=(name,), weights=folder))


def test_of_a_real_clip_its_last_tenth_is_left_out():
    frames = torch.arange(100)[:, None, None, None].expand(-1, 2, 2, 3).numpy().astype("uint8")
    for ends, last in ((SHARED, 89), (LEARNT, 99), (CHECKED, 99)):
        taken = evenly(Clip("a", frames, 10.0, ends=ends))[:, 0, 0, 0]
        assert (len(taken), taken[0], taken[-1]) == (30, 0, last)


def test_ordinary_parts_are_as_large_as_road_users_and_inside_the_frame():
    users = [(0.0, 0.0, 20.0, 10.0), (50.0, 20.0, 58.0, 40.0)]
    boxes = [box for some in ordinary_parts(50, users, seed=0) for box in some]
    assert len(boxes) == 150
    sizes = {(round(x1 - x0, 6), round(y1 - y0, 6)) for x0, y0, x1, y1 in boxes}
    assert sizes == {(20.0, 10.0), (8.0, 20.0)}
    assert all(x0 >= 0 and y0 >= 0 and x1 <= PX[0] and y1 <= PX[1] for x0, y0, x1, y1 in boxes)


def test_what_fills_the_frame_or_a_few_pixels_cannot_be_asked_about():
    assert can_be_asked_about((0.0, 0.0, 20.0, 10.0))
    assert not can_be_asked_about((0.0, 0.0, 5.0, 10.0))
    assert not can_be_asked_about((0.0, 0.0, 150.0, 60.0))
