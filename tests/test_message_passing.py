"""Messages go where the paper says, whatever computes them."""

from __future__ import annotations

import pickle
from copy import deepcopy
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from road_clarity.models.errors import BadInput
from road_clarity.models.message_passing import (
    CudaGraph,
    MessagePassing,
    Packed,
    SlicePass,
)
from road_clarity.pipeline import compiled_passes
from road_clarity.pipeline.backends.runtime import Runtime
from road_clarity.pipeline.compiled_passes import CompiledPasses, use_compiled_passes
from road_clarity.pipeline.lanes import LaneConfig, LaneStage

DIRECTIONS = ((True, False), (True, True), (False, False), (False, True))  # rows, reverse


def slice_by_slice(x: Tensor, one: SlicePass, *, rows: bool, reverse: bool) -> Tensor:
    """The paper's formula, one number at a time in float64: X'_s = X_s + relu(K * X'_{s-1})."""
    y = x.double().clone() if rows else x.double().transpose(2, 3).clone()
    kernel = one.weight.double().squeeze(2 if rows else 3)  # (C', C, 9)
    order = range(y.shape[2])[::-1] if reverse else range(y.shape[2])
    for before, here in zip(order[:-1], order[1:], strict=True):
        windows = F.pad(y[:, :, before], (4, 4)).unfold(2, 9, 1)  # (B, C, W, 9)
        y[:, :, here] += torch.einsum("bcwk,dck->bdw", windows, kernel).relu()
    return y if rows else y.transpose(2, 3)


def by_the_formula(x: Tensor, passing: MessagePassing) -> Tensor:
    for one, (rows, reverse) in zip(passing.passes, DIRECTIONS, strict=True):
        x = slice_by_slice(x, one, rows=rows, reverse=reverse)
    return x


@pytest.fixture(scope="session")
def compiled(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROAD_CLARITY_CACHE", str(tmp_path_factory.mktemp("cache")))
        try:
            return CompiledPasses()
        except BadInput as error:
            pytest.skip(str(error))


@pytest.fixture(params=["loop", "packed", "compiled"])
def kernels(request):
    if request.param == "compiled":
        return (request.getfixturevalue("compiled"),)
    return (Packed(),) if request.param == "packed" else ()


ON_A_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")


def made(kernels, channels, loudness=0.3, **kind):
    """Passes whose messages are about that loud."""
    torch.manual_seed(0)
    passing = MessagePassing(channels, **kind)
    passing.kernels = kernels
    for one in passing.passes:
        torch.nn.init.normal_(one.weight, std=loudness / (9 * channels) ** 0.5)
    return passing


@torch.no_grad()
def test_the_published_size_is_exact_to_a_hundred_thousandth(kernels):
    passing, x = made(kernels, 128), torch.randn(1, 128, 36, 100)
    assert (passing(x) - by_the_formula(x, passing)).abs().max() < 1e-5


@pytest.mark.parametrize(
    "shape",
    [(1, 1, 1, 1), (2, 3, 1, 7), (3, 5, 7, 1), (2, 17, 9, 11), (1, 33, 3, 29), (4, 64, 4, 13)],
)
@torch.no_grad()
def test_any_size_and_batch_is_exact(kernels, shape):
    passing, x = made(kernels, shape[1]), torch.randn(shape)
    assert (passing(x) - by_the_formula(x, passing)).abs().max() < 1e-5


@torch.no_grad()
def test_a_map_may_lie_in_memory_in_any_way_and_stays_as_it_was(kernels):
    passing, x = made(kernels, 6), torch.randn(2, 6, 5, 8)
    part = torch.randn(2, 9, 7, 8)[:, 3:, 1:-1]
    expected = by_the_formula(x, passing)
    for one in (
        x.contiguous(memory_format=torch.channels_last),
        x.permute(3, 2, 1, 0).contiguous().permute(3, 2, 1, 0),
        part.copy_(x),
    ):
        assert (passing(one) - expected).abs().max() < 1e-5
        assert torch.equal(one, x)


@torch.no_grad()
def test_bfloat16_stays_bfloat16_and_is_near(kernels):
    passing, x = made(kernels, 16), torch.randn(1, 16, 9, 12)
    with torch.autocast("cpu", torch.bfloat16):
        said = passing(x.bfloat16())
    assert said.dtype == torch.bfloat16
    assert (said - by_the_formula(x, passing)).abs().max() < 0.1


@torch.no_grad()
def test_the_first_row_is_updated_on_the_way_up_and_the_first_column_on_the_way_left(kernels):
    passing, x = made(kernels, 1), torch.ones(1, 1, 3, 1)
    for one in passing.passes:
        torch.nn.init.ones_(one.weight)
    # down: 1, 2, 3 (one place wide, so the kernel's middle alone counts); up: 1 + 5, 2 + 3, 3
    assert passing(x).flatten().tolist() == [6.0, 5.0, 3.0]
    assert passing(x.transpose(2, 3)).flatten().tolist() == [6.0, 5.0, 3.0]


@torch.no_grad()
def test_a_port_adds_a_bias_and_spares_the_first_row_and_column(kernels):
    passing = made(kernels, 1, bias=True, spares_last=True)
    for one in passing.passes:
        torch.nn.init.zeros_(one.weight)
        torch.nn.init.constant_(one.bias, 2.0)
    assert passing(torch.zeros(1, 1, 4, 1)).flatten().tolist() == [0.0, 4.0, 4.0, 2.0]
    assert passing(torch.zeros(1, 1, 1, 4)).flatten().tolist() == [0.0, 4.0, 4.0, 2.0]


@torch.no_grad()
def test_nan_is_not_mistaken_for_silence(kernels):
    passing, x = made(kernels, 3), torch.zeros(1, 3, 4, 12)
    x[0, 0, 0, 0] = torch.nan
    assert passing(x).isnan().all()


@torch.no_grad()
def test_the_same_map_gives_the_same_bytes_on_any_number_of_threads(kernels):
    passing, x = made(kernels, 40), torch.randn(2, 40, 9, 30)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = passing(x)
        torch.set_num_threads(3)
        assert torch.equal(passing(x), alone)
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize(("rows", "reverse"), DIRECTIONS)
def test_a_pass_is_the_paper_s_formula(rows, reverse):
    torch.manual_seed(0)
    one = SlicePass(8, rows=rows, reverse=reverse)
    torch.nn.init.normal_(one.weight, std=0.1)
    x = torch.randn(2, 8, 12, 15)
    expected = slice_by_slice(x, one, rows=rows, reverse=reverse)
    assert (one(x) - expected).abs().max() < 1e-5


@pytest.mark.parametrize(
    ("reverse", "heard"), [(False, [False] * 3 + [True] * 3), (True, [True] * 4 + [False] * 2)]
)
def test_a_row_hears_only_from_the_side_messages_come_from(reverse, heard):
    torch.manual_seed(0)
    down = SlicePass(4, rows=True, reverse=reverse)
    x = torch.randn(1, 4, 6, 20)
    changed = x.index_add(2, torch.tensor([3]), torch.full((1, 4, 1, 20), 9.0))
    assert (down(x) != down(changed)).any(dim=1).any(dim=0).any(dim=1).tolist() == heard


def test_messages_have_no_bias_and_begin_small():
    one = SlicePass(128, rows=True, reverse=False)
    assert one.bias is None
    assert one.weight.std().item() == pytest.approx(0.001647, rel=0.02)


def test_gradients_are_those_of_the_formula(compiled):
    passing, x = made((compiled, Packed()), 4), torch.randn(1, 4, 3, 5)
    assert passing.way(x) == "loop"
    passing(x).sum().backward()
    assert all(one.weight.grad.abs().sum() > 0 for one in passing.passes)


@torch.no_grad()
def test_an_exporter_sees_the_formula(compiled, monkeypatch):
    passing, x = made((compiled, Packed()), 4), torch.randn(1, 4, 3, 5)
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    assert passing.way(x) == "loop"


@ON_A_GPU
@pytest.mark.parametrize("autocast", [False, True])
def test_a_recorded_graph_computes_the_same_for_new_maps_and_new_weights(autocast):
    passing = made((CudaGraph(),), 128).cuda()
    bound = 0.1 if autocast else 1e-5
    for shape in ((1, 128, 36, 100), (1, 128, 36, 100), (2, 128, 9, 20)):
        x = torch.randn(shape, device="cuda")
        kind = torch.bfloat16 if autocast else torch.float32
        with torch.inference_mode(), torch.autocast("cuda", torch.bfloat16, enabled=autocast):
            assert passing.way(x) == "cuda graph"
            said = passing(x.to(kind))
        with torch.no_grad():
            assert (said - by_the_formula(x, passing)).abs().max() < bound
            passing.up_down.weight.mul_(0.5)


@torch.no_grad()
def test_the_first_kernel_that_takes_a_map_computes_it(compiled):
    passing = made((compiled, Packed()), 4)
    assert passing.way(torch.zeros(1, 4, 2, 2)) == "compiled"
    assert passing.way(torch.zeros(1, 4, 2, 2).double()) == "loop"
    assert made((Packed(),), 4).way(torch.zeros(1, 4, 2, 2)) == "packed"


def test_a_copied_network_keeps_its_kernels(compiled):
    passing, x = made((compiled, Packed(), CudaGraph()), 4), torch.randn(1, 4, 3, 5)
    with torch.no_grad():
        for copied in (deepcopy(passing), pickle.loads(pickle.dumps(passing))):
            assert [one.name for one in copied.kernels] == ["compiled", "packed", "cuda graph"]
            assert torch.equal(copied(x), passing(x))


def test_without_a_compiler_the_compiled_passes_say_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("ROAD_CLARITY_CACHE", str(tmp_path))
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(BadInput, match="there is no no-such-compiler here; install"):
        CompiledPasses()
    assert list(tmp_path.iterdir()) == []


def test_a_compiler_that_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("ROAD_CLARITY_CACHE", str(tmp_path))
    monkeypatch.setattr(compiled_passes, "FLAGS", ("-march=abacus",))
    with pytest.raises(BadInput, match="failed"):
        CompiledPasses()
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_cannot_be_made_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ROAD_CLARITY_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(BadInput, match="set ROAD_CLARITY_CACHE to another one"):
        CompiledPasses()


def test_what_was_compiled_is_used_again(tmp_path, monkeypatch):
    monkeypatch.setenv("ROAD_CLARITY_CACHE", str(tmp_path))
    kept = tmp_path / compiled_passes.library_name()
    kept.write_bytes(b"")
    monkeypatch.setattr(compiled_passes, "compile_to", None)
    assert compiled_passes.library() == kept


def test_the_lane_stage_says_what_passes_its_messages(compiled, tmp_path, monkeypatch):
    plain, asked = LaneStage(LaneConfig(), "cpu"), LaneConfig(message_passing="compiled")
    assert plain.networks[0].runtime.provider == "cpu, message passing packed"
    monkeypatch.setenv("ROAD_CLARITY_CACHE", str(compiled.library.parent))
    assert LaneStage(asked, "cpu").networks[0].runtime.provider == "cpu, message passing compiled"


def test_only_torch_on_a_cpu_can_be_given_compiled_passes():
    stage = LaneStage(LaneConfig(), "cpu").networks[0]
    for runtime, why in (
        (Runtime("openvino", "2026", "bf16", "CPU"), "openvino compiles it itself"),
        (Runtime("torch", "2.13", "bf16", "cuda, message passing cuda graph"), "is for the CPU"),
    ):
        graph = SimpleNamespace(runtime=runtime)
        with pytest.raises(BadInput, match=why):
            use_compiled_passes(replace(stage, graphs={"forward": graph}))
