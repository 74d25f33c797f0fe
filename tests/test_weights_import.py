"""A checkpoint from elsewhere is kept only when it is whole, harmless and fits its network."""

import os
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from road_clarity.cli import main
from road_clarity.models.errors import BadInput
from road_clarity.models.ffnet import build_ffnet
from road_clarity.models.registry import build
from road_clarity.pipeline import weights
from road_clarity.pipeline.checkpoint_file import read_checkpoint, sha256_of
from road_clarity.pipeline.segmentation import SegmentationConfig, SegmentationStage
from road_clarity.pipeline.weights_import import import_checkpoint

NAME = "ffnet_22s_bcc"


class Code:
    """A pickle of this makes a folder when it is read carelessly."""

    def __reduce__(self):
        return os.mkdir, ("ran",)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("ROAD_CLARITY_WEIGHTS", str(tmp_path / "kept"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "kept"


def state(seed: int = 0, classes: int = 19) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    return build_ffnet(NAME, classes).state_dict()


@pytest.fixture
def file(tmp_path) -> Path:
    torch.save({"epoch": 3, "state_dict": state()}, tmp_path / "net.pth")
    return tmp_path / "net.pth"


def test_what_was_imported_is_there_by_the_name_of_its_network(file, home):
    card, folder = import_checkpoint(file, NAME)
    network, found = weights.load(NAME)
    assert (folder, found) == (home, card)
    assert torch.equal(network.head.layers[3].last_layer[0].weight,
                       state()["head.layers.3.last_layer.0.weight"])  # fmt: skip
    assert NAME in weights.names()
    assert {"ffnet_edge", NAME} <= set(weights.names())


def test_the_card_tells_what_came_and_what_is_kept(file, home):
    card, _ = import_checkpoint(file, NAME)
    assert card.origin == {"file": str(file), "sha256": sha256_of(file), "layout": "FFNet"}
    assert card.sha256 == sha256_of(home / f"{NAME}.safetensors")
    assert "BSD-3-Clause-Clear" in card.notes


def test_numbers_are_kept_in_their_own_precision(tmp_path, home):
    halves = {k: v.half() if v.is_floating_point() else v for k, v in state().items()}
    save_file(halves, tmp_path / "half.safetensors")
    import_checkpoint(tmp_path / "half.safetensors", NAME)
    kept = load_file(home / f"{NAME}.safetensors")
    assert kept["backbone_model.conv0.weight"].dtype == torch.float16
    network, _ = weights.load(NAME)
    assert network.backbone_model.conv0.weight.dtype == torch.float32


def test_tensors_that_share_their_memory_are_kept_apart(tmp_path, home):
    tied = state()
    tied["backbone_model.bn1.bias"] = tied["backbone_model.bn1.weight"]
    torch.save(tied, tmp_path / "tied.pth")
    import_checkpoint(tmp_path / "tied.pth", NAME)
    assert load_file(home / f"{NAME}.safetensors").keys() == tied.keys()


def test_the_same_again_is_no_loss_but_others_need_force(file, tmp_path):
    import_checkpoint(file, NAME)
    import_checkpoint(file, NAME)
    torch.save(state(seed=1), tmp_path / "other.pth")
    with pytest.raises(BadInput, match="--force replaces them"):
        import_checkpoint(tmp_path / "other.pth", NAME)
    assert weights.read_card(NAME).origin["file"] == str(file)
    import_checkpoint(tmp_path / "other.pth", NAME, force=True)
    assert weights.read_card(NAME).origin["file"] == str(tmp_path / "other.pth")
    assert weights.load(NAME)


def test_a_refused_checkpoint_leaves_nothing_behind(tmp_path, home):
    broken = state()
    broken["backbone_model.bn0.bias"][0] = torch.nan
    torch.save(broken, tmp_path / "nan.pth")
    with pytest.raises(BadInput, match="nan or infinity"):
        import_checkpoint(tmp_path / "nan.pth", NAME)
    assert not home.exists()


def test_a_full_disk_leaves_nothing_behind(file, home, monkeypatch):
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("road_clarity.pipeline.weights_import.save_file", full)
    with pytest.raises(OSError, match="no space"):
        import_checkpoint(file, NAME)
    assert list(home.iterdir()) == []


def test_a_flipped_bit_of_imported_weights_is_found(file, home):
    import_checkpoint(file, NAME)
    path = home / f"{NAME}.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadInput, match="import it again"):
        weights.load(NAME)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_pickle_is_refused_and_not_run(tmp_path, zipped):
    torch.save({"a": Code()}, tmp_path / "evil.pth", _use_new_zipfile_serialization=zipped)
    with pytest.raises(BadInput, match=r"holds code .*mkdir.* never run"):
        read_checkpoint(tmp_path / "evil.pth")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("suffix", [".pth", ".old.pth", ".safetensors"])
@pytest.mark.parametrize("share", [0.001, 0.3, 0.999])
def test_a_file_that_was_cut_short_is_refused(tmp_path, suffix, share):
    path, content = tmp_path / f"net{suffix}", {"a": torch.ones(1000), "b": torch.ones(10)}
    if suffix == ".safetensors":
        save_file(content, path)
    else:
        torch.save(content, path, _use_new_zipfile_serialization=suffix == ".pth")
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(BadInput):
        read_checkpoint(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "is empty"), (b"<html>not found", "neither safetensors nor"),
     (b"\x04\0\0\0\x01\0\0\0\x01", "convert Torch7")],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(tmp_path, content, said):
    (tmp_path / "net.t7").write_bytes(content)
    with pytest.raises(BadInput, match="checkpoint .*net.t7: is ") as caught:
        read_checkpoint(tmp_path / "net.t7")
    assert said in str(caught.value)


def test_an_archive_of_checkpoints_must_be_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "ffnet40S.zip", "w") as archive:
        archive.writestr("ffnet40S/a.pth", b"")
        archive.writestr("ffnet40S/b.pth", b"")
    with pytest.raises(BadInput, match="archive of 2 files, not a checkpoint"):
        read_checkpoint(tmp_path / "ffnet40S.zip")


def test_a_whole_network_in_a_pickle_is_refused(tmp_path):
    torch.save(torch.nn.Linear(1, 1), tmp_path / "module.pth")
    with pytest.raises(BadInput, match="Linear"):
        read_checkpoint(tmp_path / "module.pth")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadInput, match="is no file"):
        read_checkpoint(tmp_path)


def test_the_user_s_data_home_holds_what_no_setting_moves(monkeypatch):
    monkeypatch.delenv("ROAD_CLARITY_WEIGHTS")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert weights.imported() == Path("/data/road_clarity/weights")
    monkeypatch.delenv("XDG_DATA_HOME")
    assert weights.imported() == Path.home() / ".local/share/road_clarity/weights"


def test_a_kept_base_can_lie_beneath_a_tracker(tmp_path, home):
    with torch.device("meta"):
        shapes = {key: value.shape for key, value in build("dinov2_vits14").state_dict().items()}
    save_file({key: torch.zeros(shape) for key, shape in shapes.items()}, tmp_path / "base.st")
    import_checkpoint(tmp_path / "base.st", "dinov2_vits14")
    assert read_checkpoint(home / "dinov2_vits14.safetensors").keys() == shapes.keys()


def test_the_command_imports_lists_and_verifies(file, capsys):
    assert main(["weights", "import", str(file), "--as", NAME]) == 0
    assert "FFNet layout" in capsys.readouterr().out
    assert main(["weights", "verify", NAME]) == 0
    assert main(["weights", "list"]) == 0
    assert f"{NAME}  {NAME}  sha256" in capsys.readouterr().out


def test_the_command_refuses_in_one_sentence(file, capsys):
    assert main(["weights", "import", str(file), "--as", "scnn_vgg16"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("road-clarity: state dict for scnn_vgg16: ")
    assert said.count("\n") == 1


@pytest.mark.parametrize("name", ["../ffnet_22s_bcc", "ffnet_../x", "scnn_edge", ""])
def test_a_name_that_is_no_published_network_s_is_refused(file, home, name):
    with pytest.raises(BadInput, match="architecture"):
        import_checkpoint(file, name)
    assert not home.exists()


def test_a_scene_cannot_be_told_in_classes_that_nobody_knows(tmp_path):
    torch.save(state(classes=7), tmp_path / "seven.pth")
    import_checkpoint(tmp_path / "seven.pth", NAME)
    with pytest.raises(BadInput, match="tells 7 classes"):
        SegmentationStage(SegmentationConfig(weights=NAME), "cpu")
