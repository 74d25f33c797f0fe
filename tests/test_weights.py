"""Weights are used only when they are, bit for bit, those their card speaks of."""

import pytest
import torch

from road_clarity.models import registry
from road_clarity.models.cards import Card
from road_clarity.models.errors import BadInput
from road_clarity.pipeline import weights
from road_clarity.training.publish import publish

CARD = Card(
    name="slope", architecture="line", data={"made": "CC0"}, command="none", seed=1, cost="0 s",
    metrics={"error": 0.5}, metrics_command="none", notes="# Known failures\nNone.",
)  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setitem(registry.BUILDERS, "line", lambda: torch.nn.Linear(1, 1))
    publish(CARD, {"weight": torch.tensor([[0.5]]), "bias": torch.tensor([2.0])}, tmp_path)
    return tmp_path


def test_published_weights_come_back_with_their_card(folder):
    network, card = weights.load("slope", folder=folder)
    assert network(torch.tensor([[4.0]])).item() == 4.0
    assert (card.metrics, card.notes) == ({"error": 0.5}, "# Known failures\nNone.")
    assert weights.names(folder) == ["slope"]


@pytest.mark.claim("weights")
def test_a_flipped_bit_is_refused(folder):
    path = folder / "slope.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadInput, match="its sha256 is .* its card says"):
        weights.load("slope", folder=folder)


@pytest.mark.claim("weights")
def test_missing_weights_are_refused(folder):
    (folder / "slope.safetensors").unlink()
    with pytest.raises(BadInput, match="weights file"):
        weights.load("slope", folder=folder)


def test_an_unknown_name_is_answered_with_those_there_are(folder):
    with pytest.raises(BadInput, match="weights hill: no such card; there are slope"):
        weights.load("hill", folder=folder)


def test_a_card_without_its_fields_is_refused():
    with pytest.raises(BadInput, match="front matter must have exactly"):
        Card.parse("---\nname: slope\n---\n", "slope.md")
