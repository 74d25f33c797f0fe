"""Weights that change on disk under a running service: its answers name those that it uses."""

import math
import shutil

import pytest
from made_drive import street

from road_clarity.pipeline import weights
from road_clarity.service.explain_queue import Deadline
from road_clarity.service.gen import model_service_pb2 as pb
from road_clarity.service.model_service import ModelServicer
from road_clarity.service.sheet_explainer import WorldSheets
from road_clarity.service.world_explainer import WorldExplainer

WORLD = "vae_edge", "lstm_edge", "vae_pedestrian"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    if not set(WORLD) <= set(weights.names()):
        pytest.skip("the world models are not published")
    for name in WORLD:
        for file in weights.WEIGHTS.glob(f"{name}.*"):
            shutil.copy(file, tmp_path)
    monkeypatch.setattr(weights, "WEIGHTS", tmp_path)
    return tmp_path


def card(name):
    return ModelServicer(None, None, None).GetModel(pb.GetModelRequest(name=name), None)


def test_answers_keep_naming_the_weights_that_made_them(folder):
    explainer, sheets = WorldExplainer(), WorldSheets()
    before, used = explainer.explain(street(), [], Deadline(math.inf)), card("vae_edge").sha256
    other = card("vae_pedestrian").sha256
    text = (folder / "vae_edge.md").read_text().replace(used, other)
    (folder / "vae_edge.md").write_text(text)
    shutil.copy(folder / "vae_pedestrian.safetensors", folder / "vae_edge.safetensors")
    after = explainer.explain(street(), [], Deadline(math.inf))
    assert (before.world.error, used) == (after.world.error, explainer.sha256["vae_edge"])
    assert sheets.sha256["vae_edge"] == used != other
    assert card("vae_edge").sha256 == other


def test_a_file_that_is_not_the_one_of_its_card_is_told(folder):
    assert card("vae_edge").file_matches
    (folder / "vae_edge.safetensors").write_bytes(b"cut short")
    assert not card("vae_edge").file_matches
