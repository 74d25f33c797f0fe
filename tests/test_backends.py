"""What runs the networks: the same answers from every backend, and no backend but the one asked."""

import importlib.util
import json
import shutil
import subprocess
import sys

import pytest
import torch

from road_clarity.models import registry
from road_clarity.models.cards import Card
from road_clarity.models.conv_embed import ConvEmbed
from road_clarity.models.errors import BadInput
from road_clarity.models.latent_lstm import LatentLstm
from road_clarity.models.lorat import Lorat, Regions
from road_clarity.models.scnn import LaneHeads, ScnnLite0
from road_clarity.models.vit import VitSize
from road_clarity.pipeline import weights
from road_clarity.pipeline.backends import exported, runtime
from road_clarity.pipeline.backends.entries import entries, examples
from road_clarity.pipeline.backends.exported import ExportKey, file_sha256
from road_clarity.pipeline.backends.graph import Flat, mount
from road_clarity.pipeline.backends.network import (
    Running,
    chosen,
    load,
    open_graphs,
    torch_graphs,
    write_graph,
)
from road_clarity.pipeline.backends.onnx_runtime import CPU, CUDA, TENSORRT, providers
from road_clarity.pipeline.backends.runtime import RuntimeConfig, Way, resolve_precision, ways
from road_clarity.training.publish import publish

CARD = Card(
    name="steady", architecture="latent_lstm_256", data={}, command="none", seed=1, cost="none",
    metrics={}, metrics_command="none",
)  # fmt: skip


def installed(*packages: str) -> pytest.MarkDecorator:
    missing = [one for one in packages if importlib.util.find_spec(one) is None]
    return pytest.mark.skipif(bool(missing), reason=f"{', '.join(missing)} is not installed")


BACKENDS = [
    pytest.param("onnx", marks=installed("onnxruntime", "onnx", "onnxscript")),
    pytest.param("openvino", marks=installed("openvino")),
]


def memory() -> LatentLstm:
    torch.manual_seed(0)
    network = LatentLstm().eval()
    torch.nn.init.normal_(network.head.weight)
    return network


def small_tracker(one_way: bool = True) -> Lorat:
    torch.manual_seed(0)
    size = VitSize(width=24, depth=2, heads=2, one_way=one_way)
    return Lorat(size, Regions(28, 42, 4.0)).eval()


def targets(count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    mask = torch.ones(count, 2, 2, dtype=torch.long)
    return torch.randn(count, 3, 28, 28), torch.randn(count, 3, 42, 42), mask


@pytest.mark.parametrize("one_way", [True, False])
@pytest.mark.parametrize("backend", BACKENDS)
@torch.no_grad()
def test_an_exported_tracker_answers_any_number_of_targets_as_torch_does(
    backend, one_way, tmp_path
):
    network, mounted = small_tracker(one_way), small_tracker(one_way)
    for entry in entries(network):
        flat = Flat(network, entry)
        write_graph(backend, flat, examples(network, entry, None), tmp_path / entry.method)
    graphs = open_graphs(network, tmp_path, backend, "fp32", "cpu")
    mount(mounted, graphs)
    for count in (1, 3):
        template, search, mask = targets(count)
        said, expected = mounted(template, search, mask), network(template, search, mask)
        torch.testing.assert_close(said.score_map, expected.score_map, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(said.boxes, expected.boxes, atol=1e-5, rtol=1e-4)
        asked = network.remember(template, mask), search
        scores, _, seen = graphs["follow"].run(asked, explained=True)
        assert seen.shape == (count, 24, 3, 3)
        assert torch.equal(graphs["follow"].run(asked)[0], scores)  # the same bytes again
    runtime = graphs["follow"].runtime
    assert (runtime.backend, runtime.precision) == (backend, "fp32")


@pytest.mark.parametrize("backend", BACKENDS)
@torch.no_grad()
def test_a_mounted_memory_goes_on_from_its_own_state(backend, tmp_path):
    reference, network = memory(), memory()
    (entry,) = entries(network)
    write_graph(backend, Flat(network, entry), examples(network, entry, None), tmp_path / "step")
    mount(network, open_graphs(network, tmp_path, backend, "fp32", "cpu"))
    z = torch.randn(1, 32)
    torch.testing.assert_close(
        network.dream(z, None, 3), reference.dream(z, None, 3), atol=1e-5, rtol=1e-4
    )


@torch.no_grad()
def test_the_explained_map_of_a_lane_network_is_what_messages_were_passed_about():
    network = ScnnLite0((32, 64), channels=8).eval()
    graph = torch_graphs(network, "fp32", "cpu")["forward"]
    maps, seen = Running(network, CARD, {"forward": graph}).explain(torch.randn(1, 3, 32, 64))
    assert (maps.logits.shape, seen.shape) == ((1, 5, 4, 8), (1, 8, 4, 8))
    torch.testing.assert_close(network.layer2(seen), maps.logits)


@torch.no_grad()
def test_bfloat16_in_torch_answers_in_float32_and_nearly_the_same():
    network, (template, search, mask) = small_tracker(), targets(2)
    graphs = torch_graphs(network, "bf16", "cpu")
    (memory,) = graphs["remember"].run((template, mask))
    scores, boxes = graphs["follow"].run((memory, search))
    assert memory.dtype == scores.dtype == boxes.dtype == torch.float32
    difference = (scores - network(template, search, mask).score_map).abs().max()
    assert 0 < difference < 0.1


def test_openvino_is_told_which_first_layers_stay_in_float32(tmp_path):
    openvino = pytest.importorskip("openvino", reason="openvino is not installed")
    torch.manual_seed(0)
    size = VitSize(width=12, depth=1, heads=1, convolutional=True)
    network = Lorat(size, Regions(28, 42, 4.0)).eval()
    for norm in (m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)):
        torch.nn.init.normal_(norm.bias)
    entry = entries(network)[1]
    inputs = examples(network, entry, None)
    write_graph("openvino", Flat(network, entry), inputs, tmp_path / "follow")
    model = openvino.Core().read_model(tmp_path / "follow.xml")
    exact = [
        any("recis" in key for key in dict(op.get_rt_info()))
        for op in model.get_ordered_ops()
        if "Convolution" in op.get_type_name()
    ]
    assert exact == [True] * 3 + [False] * 30  # stem, and the two of the first block


@torch.no_grad()
def test_under_autocast_the_first_layers_of_the_tracker_compute_in_float32():
    embed = ConvEmbed(width=12, patch=14).eval()
    kinds: list[torch.dtype] = []
    for block in (embed.trunk._blocks[0], embed.trunk._blocks[1]):
        block.register_forward_hook(lambda _, __, said: kinds.append(said.dtype))
    with torch.autocast("cpu", torch.bfloat16):
        embed(torch.rand(1, 3, 28, 28))
    assert kinds == [torch.float32, torch.bfloat16]


@pytest.mark.parametrize(
    ("backend", "wanted", "native", "chosen"),
    [
        ("torch", "auto", True, "bf16"),
        ("torch", "auto", False, "fp32"),
        ("torch", "fp32", True, "fp32"),
        ("openvino", "bf16", True, "bf16"),
        ("onnx", "auto", True, "fp32"),
    ],
)
def test_auto_is_bfloat16_only_where_backend_and_machine_multiply_it(
    backend, wanted, native, chosen, monkeypatch
):
    monkeypatch.setattr(runtime, "multiplies_bfloat16", lambda device: native)
    assert resolve_precision(RuntimeConfig(backend=backend, precision=wanted), "cpu") == chosen


@pytest.mark.parametrize("backend", ["torch", "openvino", "onnx"])
def test_bfloat16_that_cannot_be_had_is_refused(backend, monkeypatch):
    monkeypatch.setattr(runtime, "multiplies_bfloat16", lambda device: False)
    with pytest.raises(BadInput, match="precision bf16: .* use fp32"):
        resolve_precision(RuntimeConfig(backend=backend, precision="bf16"), "cpu")


def test_an_unknown_backend_is_answered_with_those_there_are():
    with pytest.raises(BadInput, match="backend abacus: use one of auto, torch, onnx, openvino"):
        RuntimeConfig(backend="abacus")


def test_on_a_gpu_tensorrt_comes_before_cuda_and_the_cpu_last():
    found = providers([TENSORRT, CUDA, CPU], "fp32", "cuda")
    assert [name for name, _ in found] == [TENSORRT, CUDA, CPU]


@pytest.mark.parametrize(("available", "precision"), [([CPU], "fp32"), ([CUDA, CPU], "bf16")])
def test_a_gpu_without_its_provider_is_refused(available, precision):
    with pytest.raises(BadInput, match="pip install onnxruntime-gpu, or --device cpu"):
        providers(available, precision, "cuda")


@pytest.mark.parametrize("backend, package", [("openvino", "openvino"), ("onnx", "onnxruntime")])
def test_a_backend_that_is_not_installed_is_refused_with_its_extra(
    backend, package, monkeypatch, tmp_path
):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(BadInput, match=rf"pip install 'road_clarity\[{backend}\]'"):
        open_graphs(memory(), tmp_path, backend, "fp32", "cpu")


@pytest.fixture
def export_folder(monkeypatch, tmp_path):
    """Weights 'steady', and an export of them that passed and holds one file."""
    network = memory()
    monkeypatch.setitem(registry.BUILDERS, "latent_lstm_256", LatentLstm)
    shipped = tmp_path / "weights"
    shipped.mkdir()
    publish(CARD, network.state_dict(), shipped)
    read = exported_weights(shipped)
    monkeypatch.setattr("road_clarity.pipeline.weights.load", read)
    monkeypatch.setenv("ROAD_CLARITY_EXPORTS", str(tmp_path / "exports"))
    folder = tmp_path / "exports" / "steady-openvino-fp32"
    folder.mkdir(parents=True)
    (folder / "step.xml").write_text("graph")
    report = {
        "passed": True,
        "weights_sha256": read("steady")[1].sha256,
        "files": {"step.xml": file_sha256(folder / "step.xml")},
    }
    (folder / "parity.json").write_text(json.dumps(report))
    return folder


def exported_weights(shipped):
    from road_clarity.pipeline.weights import load

    return lambda name, device="cpu": load(name, device, shipped)


def change(folder, **changes):
    path = folder / "parity.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


SETTINGS = RuntimeConfig(backend="openvino", precision="fp32")
AGAIN = "run `road-clarity export steady --to openvino --precision fp32` again"


def test_an_export_is_found_by_its_weights_backend_and_precision(export_folder):
    key = ExportKey("steady", "openvino", "fp32", None)
    made_of = json.loads((export_folder / "parity.json").read_text())["weights_sha256"]
    assert exported.find(key, made_of) == export_folder


def test_a_missing_export_is_answered_with_the_command_that_makes_it(export_folder):
    with pytest.raises(BadInput, match="is not there; run `road-clarity export steady --to onnx"):
        load("steady", LatentLstm, RuntimeConfig(backend="onnx"))


def test_an_export_of_other_weights_is_refused(export_folder):
    change(export_folder, weights_sha256="ab" * 32)
    with pytest.raises(BadInput, match=f"was made of weights abababababab, .*{AGAIN}"):
        load("steady", LatentLstm, SETTINGS)


def test_an_export_that_did_not_pass_is_refused(export_folder):
    change(export_folder, passed=False)
    with pytest.raises(BadInput, match=f"did not agree with torch; {AGAIN}"):
        load("steady", LatentLstm, SETTINGS)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"passed": true, "files": 3}'])
def test_a_parity_report_that_cannot_be_read_is_refused(export_folder, text):
    (export_folder / "parity.json").write_text(text)
    with pytest.raises(BadInput, match=f"is no parity report; {AGAIN}"):
        load("steady", LatentLstm, SETTINGS)


AUTO = RuntimeConfig(precision="fp32")


def test_without_exports_torch_runs_the_network(export_folder):
    assert load("steady", LatentLstm, AUTO).runtime.backend == "torch"  # its speed is not told


def told(ratio: float, torch_precision: str = "fp32") -> dict[str, object]:
    """What the parity report of an export in fp32 says of its speed."""
    return {
        "speed": {"ratio": ratio, "torch_precision": torch_precision},
        "runtime": {"precision": "fp32"},
    }


@pytest.mark.parametrize(
    ("ratio", "torch_precision", "backend"),
    [
        (1.09, "fp32", "torch"), (1.1, "fp32", "openvino"),
        (0.94, "bf16", "torch"), (0.95, "bf16", "openvino"),
    ],
)  # fmt: skip
def test_auto_takes_an_export_that_is_faster_than_torch_or_as_fast_and_finer(
    export_folder, ratio, torch_precision, backend
):
    change(export_folder, **told(ratio, torch_precision))
    network, card = weights.load("steady")
    assert chosen(network, card, AUTO, "cpu", None)[0] == Way(backend, "fp32")


def test_auto_takes_the_export_that_beat_torch_by_most(export_folder):
    change(export_folder, **told(1.5))
    other = export_folder.with_name("steady-onnx-fp32")
    shutil.copytree(export_folder, other)
    change(other, **told(1.6))
    network, card = weights.load("steady")
    assert chosen(network, card, AUTO, "cpu", None) == (Way("onnx", "fp32"), other)


@pytest.mark.parametrize("fault", [{"passed": False}, {"weights_sha256": "ab" * 32}])
def test_auto_takes_no_export_that_departs_or_is_of_other_weights(export_folder, fault):
    change(export_folder, **told(1.5) | fault)
    assert load("steady", LatentLstm, AUTO).runtime.backend == "torch"


@pytest.mark.parametrize(
    ("precision", "ways_there"),
    [
        ("auto", ["openvino bf16", "onnx fp32", "openvino fp32", "torch bf16"]),
        ("fp32", ["onnx fp32", "openvino fp32", "torch fp32"]),
        ("bf16", ["openvino bf16", "torch bf16"]),
    ],
)
def test_auto_allows_what_the_precision_allows(monkeypatch, precision, ways_there):
    monkeypatch.setattr(runtime, "multiplies_bfloat16", lambda device: True)
    found = ways(RuntimeConfig(precision=precision), "cpu")
    assert [f"{one.backend} {one.precision}" for one in found] == ways_there


@pytest.mark.parametrize("speed", [None, 3, {}, {"ratio": "fast", "torch_precision": "bf16"}])
def test_auto_takes_no_export_whose_speed_cannot_be_read(export_folder, speed):
    change(export_folder, **told(1.5) | {"speed": speed})
    assert load("steady", LatentLstm, AUTO).runtime.backend == "torch"


def test_auto_leaves_out_what_is_not_installed_here(export_folder, monkeypatch):
    change(export_folder, **told(1.5))
    monkeypatch.setattr(runtime, "find_spec", lambda package: None)
    assert load("steady", LatentLstm, AUTO).runtime.backend == "torch"


def test_on_a_gpu_auto_is_torch(monkeypatch):
    monkeypatch.setattr(runtime, "multiplies_bfloat16", lambda device: False)
    assert ways(RuntimeConfig(), "cuda") == (Way("torch", "fp32"),)


def test_a_file_that_is_not_the_compared_one_is_refused(export_folder):
    (export_folder / "step.xml").write_text("another graph")
    with pytest.raises(BadInput, match=f"holds another step.xml than .*{AGAIN}"):
        load("steady", LatentLstm, SETTINGS)


def test_weights_of_another_kind_are_refused_by_what_they_are(export_folder):
    with pytest.raises(BadInput, match="steady: are of latent_lstm_256; it must be an SCNN"):
        load("steady", LaneHeads, RuntimeConfig())


OPENS = """
import ctypes, sys
from pathlib import Path
from road_clarity.models.latent_lstm import LatentLstm
from road_clarity.pipeline.backends.entries import entries, examples
from road_clarity.pipeline.backends.graph import Flat
from road_clarity.pipeline.backends.network import open_graphs, write_graph
from road_clarity.pipeline.backends.signal_stack import SignalStack

def place():
    now = SignalStack()
    ctypes.CDLL(None).sigaltstack(None, ctypes.byref(now))
    return now.place, now.flags, now.size

before = place()
network, folder = LatentLstm().eval(), Path(sys.argv[1])
(entry,) = entries(network)
inputs = examples(network, entry, None)
write_graph("openvino", Flat(network, entry), inputs, folder / entry.method)
graphs = open_graphs(network, folder, "openvino", "fp32", "cpu")
graphs[entry.method].run(inputs)
print(place() == before)
"""


@installed("openvino")
def test_openvino_leaves_the_stack_of_signal_handlers_alone(tmp_path):
    """It would put them on a stack of its own that it unmaps: Ctrl-C became a crash."""
    run = [sys.executable, "-c", OPENS, str(tmp_path)]
    told = subprocess.run(run, capture_output=True, text=True, timeout=60)
    assert (told.returncode, told.stdout) == (0, "True\n")
