"""Which networks explanations look into while driving."""

from types import SimpleNamespace

import pytest
from made_world import made_pair

from road_clarity.models.errors import BadInput
from road_clarity.models.vae import Vae
from road_clarity.pipeline import explained_pair
from road_clarity.pipeline.backends.network import Running
from road_clarity.pipeline.backends.runtime import Runtime
from road_clarity.pipeline.explained_pair import ExplainedPair


class Setup:
    """A world model at work, and weights files of which it is known how often they are read."""

    def __init__(self, monkeypatch):
        self.at_work, self.stored, self.read = made_pair(), made_pair(), []
        files = {"seeing": self.stored.autoencoder, "remembering": self.stored.memory}
        monkeypatch.setattr(explained_pair.weights, "load", lambda name: self.load(files, name))
        monkeypatch.setattr(explained_pair, "load_calm", lambda name: self.read.append("calm"))

    def load(self, files, name):
        self.read.append(name)
        return files[name], None

    def networks(self, backend="torch", precision="fp32", provider="cpu"):
        graph = SimpleNamespace(runtime=Runtime(backend, "1", precision, provider))
        return tuple(
            Running(network, SimpleNamespace(name=name), {"forward": graph})
            for name, network in (
                ("seeing", self.at_work.autoencoder), ("remembering", self.at_work.memory),
            )
        )  # fmt: skip


@pytest.fixture
def setup(monkeypatch):
    return Setup(monkeypatch)


def test_the_networks_at_work_are_looked_into_themselves(setup):
    pair = ExplainedPair().of(setup.networks())
    assert (pair.autoencoder, pair.memory) == (setup.at_work.autoencoder, setup.at_work.memory)
    assert setup.read == ["calm"]


@pytest.mark.parametrize(
    "other",
    [{"backend": "onnx"}, {"backend": "openvino"}, {"precision": "bf16"}, {"provider": "cuda"}],
)
def test_where_something_else_runs_the_weights_are_read_again(setup, other):
    pair = ExplainedPair().of(setup.networks(**other))
    assert (pair.autoencoder, pair.memory) == (setup.stored.autoencoder, setup.stored.memory)


def test_weights_are_read_once(setup):
    pairs, networks = ExplainedPair(), setup.networks(backend="onnx")
    assert pairs.of(networks) is pairs.of(networks)
    assert setup.read == ["seeing", "remembering", "calm"]


def test_networks_that_were_exchanged_are_looked_into_anew(setup):
    pairs = ExplainedPair()
    assert pairs.of(setup.networks()) is not pairs.of(setup.networks())


def test_without_a_world_model_there_is_nothing_to_look_into(setup):
    pairs = ExplainedPair()
    pairs.of(setup.networks())
    assert pairs.of(()) is None


def test_a_memory_of_other_latents_is_refused(setup):
    setup.at_work = SimpleNamespace(autoencoder=Vae().eval(), memory=setup.at_work.memory)
    with pytest.raises(BadInput, match="latents 4"):
        ExplainedPair().of(setup.networks())
