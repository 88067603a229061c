"""Networks by name, their features, local weights and what is said when weights cannot be had."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from analysis.base.config import ModelSettings
from analysis.base.errors import BadInput, NotAvailable, NotFoundHere
from analysis.base.progress import Silent
from analysis.models import download, vision, zoo
from analysis.models.weights import put_into, read_state
from tests.models.makers import Listening

FAMILIES = {
    "resnet18": 512, "squeezenet1_0": 512, "mobilenet_v3_small": 1024, "efficientnet_b0": 1280, "convnext_tiny": 768,
    "swin_t": 768, "densenet121": 1024, "shufflenet_v2_x0_5": 1024, "mnasnet0_5": 1280, "vit_b_32": 768,
    "vgg11": 4096, "googlenet": 1024, "inception_v3": 2048, "maxvit_t": 512, "alexnet": 4096,
}  # fmt: skip


@pytest.mark.parametrize("model", FAMILIES)
def test_every_family_gives_its_penultimate_features(model: str) -> None:
    size = zoo.recipe_for(model, ModelSettings()).fit.size
    with torch.device("meta"):  # shapes only: no weights are made
        network = zoo.without_head(zoo.build(model, 7, image_side=size)).eval()
        assert network(torch.zeros(2, 3, size, size)).shape == (2, FAMILIES[model])


@pytest.mark.parametrize("model", ["regnet_x_400mf", "lenet", "alexnet_small", "resnet20"])
def test_features_times_the_last_layer_are_the_logits(model: str) -> None:
    torch.manual_seed(0)
    network = zoo.build(model, 7).eval()
    _, layer = zoo.last_layer(network)
    x = torch.rand(2, 3, 32, 32)
    with torch.inference_mode():
        logits = network(x)
        features = zoo.without_head(network)(x)
        torch.testing.assert_close(layer(features), logits)
    assert logits.shape == (2, 7)


@pytest.mark.slow
@pytest.mark.parametrize("model", [name for name in zoo.names() if not name.startswith("regnet")])
def test_every_network_of_the_zoo_can_be_a_trunk(model: str) -> None:
    size = zoo.recipe_for(model, ModelSettings()).fit.size
    with torch.device("meta"):
        network = zoo.without_head(zoo.build(model, 7, image_side=size)).eval()
        assert network(torch.zeros(2, 3, size, size)).dim() == 2


def test_a_new_head_has_as_many_outputs_as_there_are_classes() -> None:
    for model in ("squeezenet1_1", "mobilenet_v3_small", "resnet20"):
        network = zoo.with_head(zoo.build(model, 1000), 5).eval()
        assert network(torch.zeros(1, 3, 64, 64)).shape == (1, 5)


def test_an_unknown_name_is_answered_with_similar_ones() -> None:
    with pytest.raises(NotFoundHere, match="There is no network named 'resnet19'.*resnet18"):
        zoo.check_name("resnet19")
    with pytest.raises(NotFoundHere, match="such as resnet18"):
        zoo.check_name("§")
    assert zoo.check_name("patches") == "patches"


@pytest.mark.parametrize(
    ("file", "model"),
    [
        ("/x/squeezenet1_0_imagenet_caffe.npz", "squeezenet1_0"),
        ("resnet50-11ad3fa6.pth", "resnet50"),
        ("resnet20_cifar10.npz", "resnet20"),
        ("mobilenet_v3_small.pt", "mobilenet_v3_small"),
        ("vgg11_bn-6002323d.pth", "vgg11_bn"),
    ],
)
def test_a_file_of_weights_may_tell_its_network(file: str, model: str) -> None:
    assert zoo.name_in(file) == model


def test_a_file_of_weights_that_does_not_tell_is_asked_about() -> None:
    with pytest.raises(BadInput, match=r"The name best\.pth does not say which network.*--model"):
        zoo.name_in("best.pth")


@pytest.mark.parametrize(
    ("preprocess", "black", "white"),
    [("unit", 0.0, 1.0), ("signed", -1.0, 1.0), ("caffe", -117.0, 138.0), ("own", -0.456 / 0.224, 0.544 / 0.224)],
)
def test_images_are_scaled_as_the_weights_ask(preprocess: str, black: float, white: float) -> None:
    recipe = zoo.recipe_for("squeezenet1_0", ModelSettings(preprocess=preprocess))  # type: ignore[arg-type]
    prepared = zoo.Prepared(torch.nn.Identity(), recipe)
    pixels = torch.tensor([0, 255], dtype=torch.uint8).repeat_interleave(3).reshape(2, 3, 1, 1)
    found = prepared(pixels)[:, 1, 0, 0]  # the green channel
    torch.testing.assert_close(found, torch.tensor([black, white]))


# -- local weights ---------------------------------------------------------------------------------------------------
def state_of(model: str = "resnet20", classes: int = 10) -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    return zoo.build(model, classes).state_dict()


def save_npz(path: Path, state: dict[str, torch.Tensor], dtype: str = "float16") -> Path:
    floats = {name: tensor.numpy().astype(dtype) for name, tensor in state.items() if tensor.is_floating_point()}
    np.savez(path, **floats)  # type: ignore[arg-type]
    return path


def test_weights_survive_the_disk_in_every_format(tmp_path: Path) -> None:
    state = state_of()
    torch.save(state, tmp_path / "resnet20.pt")
    torch.save({"epoch": 3, "state_dict": {f"module.{k}": v for k, v in state.items()}}, tmp_path / "resnet20.pth")
    save_npz(tmp_path / "resnet20.npz", state, "float32")
    for name in ("resnet20.pt", "resnet20.pth", "resnet20.npz"):
        settings = ModelSettings(weights=str(tmp_path / name))
        network = zoo.pretrained("resnet20", settings, zoo.recipe_for("resnet20", settings), Silent())
        for key, tensor in network.state_dict().items():
            torch.testing.assert_close(tensor, state[key])


def test_half_precision_becomes_single(tmp_path: Path) -> None:
    read = read_state(save_npz(tmp_path / "w.npz", state_of(), "float16"))
    assert {tensor.dtype for tensor in read.values()} == {torch.float32}


def test_weights_for_other_classes_keep_their_head_of_that_size(tmp_path: Path) -> None:
    path = save_npz(tmp_path / "squeezenet1_1.npz", state_of("squeezenet1_1", 17))
    settings = ModelSettings(weights=str(path))
    network = zoo.pretrained("squeezenet1_1", settings, zoo.recipe_for("squeezenet1_1", settings), Silent())
    assert zoo.last_layer(network)[1].weight.shape[0] == 17


def test_weights_of_another_network_are_refused_by_key() -> None:
    state = state_of()
    del state["conv1.weight"]
    state["head.weight"] = state.pop("linear.weight")
    state["layer1.0.conv1.weight"] = torch.zeros(1)
    with pytest.raises(BadInput) as caught:
        put_into(zoo.build("resnet20", 10), state, origin="w.npz")
    assert "The weights in w.npz do not fit the network" in caught.value.found
    assert "missing: conv1.weight, linear.weight;" in caught.value.found
    assert "not known: head.weight;" in caught.value.found
    assert "wrong shape: layer1.0.conv1.weight ([1] instead of [16, 16, 3, 3])" in caught.value.found
    assert len(str(caught.value)) < 400, "many keys are counted, not listed"
    with pytest.raises(BadInput, match="and .* more"):
        put_into(zoo.build("resnet56", 10), state_of(), origin="w.npz")


def test_files_that_are_no_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundHere, match=r"There is no file .*nowhere\.pt"):
        read_state(tmp_path / "nowhere.pt")
    (tmp_path / "w.bin").write_bytes(b"x")
    with pytest.raises(BadInput, match=r"w\.bin is no file of weights – wanted: one of \.pt"):
        read_state(tmp_path / "w.bin")
    for suffix in ("pt", "npz"):
        (tmp_path / f"broken.{suffix}").write_bytes(b"not weights at all")
        with pytest.raises(BadInput, match=f"broken.{suffix} cannot be read"):
            read_state(tmp_path / f"broken.{suffix}")
    np.savez(tmp_path / "objects.npz", w=np.array([{"a": 1}], dtype=object))
    with pytest.raises(BadInput, match=r"objects\.npz cannot be read"):
        read_state(tmp_path / "objects.npz")
    np.savez(tmp_path / "int8.npz", w=np.zeros(3, np.int8))
    with pytest.raises(BadInput, match=r"'w' in int8\.npz is int8 – wanted: float16"):
        read_state(tmp_path / "int8.npz")
    np.savez(tmp_path / "nan.npz", w=np.array([np.nan], np.float32))
    with pytest.raises(BadInput, match=r"'w' in nan\.npz holds NaN"):
        read_state(tmp_path / "nan.npz")
    torch.save([1, 2], tmp_path / "list.pt")
    with pytest.raises(BadInput, match=r"list\.pt is no state dict"):
        read_state(tmp_path / "list.pt")


def test_a_pickle_with_code_in_it_is_refused_and_not_run(tmp_path: Path) -> None:
    import pickle

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (tmp_path / "ran",))  # type: ignore[return-value]

    (tmp_path / "evil.pt").write_bytes(pickle.dumps({"w": Evil()}))
    with pytest.raises(BadInput, match=r"evil\.pt cannot be read as plain weights"):
        read_state(tmp_path / "evil.pt")
    torch.save({"w": Evil()}, tmp_path / "evil2.pt")
    with pytest.raises(BadInput, match=r"evil2\.pt cannot be read as plain weights"):
        read_state(tmp_path / "evil2.pt")
    assert not (tmp_path / "ran").exists()


def test_safetensors_is_asked_for_where_it_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "w.safetensors").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "safetensors.torch", None)
    with pytest.raises(NotAvailable, match="needs the package safetensors.*pip install safetensors"):
        read_state(tmp_path / "w.safetensors")


def test_safetensors_are_read_where_the_package_is(tmp_path: Path) -> None:
    door = pytest.importorskip("safetensors.torch", reason="the optional package safetensors is not installed")
    door.save_file(state_of(), tmp_path / "w.safetensors")
    assert read_state(tmp_path / "w.safetensors").keys() == state_of().keys()


# -- torchvision's weights -------------------------------------------------------------------------------------------
def test_weights_out_of_reach_name_the_ways_without_internet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(download, "can_be_fetched", lambda model: False)
    with pytest.raises(NotAvailable) as caught:
        download.own_weights("resnet18", Silent())
    text = str(caught.value)
    assert "The weights of resnet18 are not on this machine and download.pytorch.org does not answer" in text
    for way in ("--weights", "--model patches", "--mode finetune", "https://download.pytorch.org", str(tmp_path)):
        assert way in text


def test_a_server_that_does_not_answer_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise OSError("network is unreachable")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    download.can_be_fetched.cache_clear()
    assert download.can_be_fetched("resnet18") is False
    download.can_be_fetched.cache_clear()


def test_weights_on_this_machine_are_used_without_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    kept = download.kept_at("squeezenet1_1")
    kept.parent.mkdir(parents=True)
    state = state_of("squeezenet1_1", 1000)
    torch.save(state, kept)
    monkeypatch.setattr(download, "can_be_fetched", lambda model: pytest.fail("asked the network"))
    heard = Listening()
    found = download.own_weights("squeezenet1_1", heard)
    assert found.keys() == state.keys() and heard.notes == []
    kept.write_bytes(b"half a download")
    with pytest.raises(NotAvailable, match="could not be fetched or read"):
        download.own_weights("squeezenet1_1", Silent())


def test_small_networks_have_no_weights_to_fetch() -> None:
    settings = ModelSettings()
    with pytest.raises(BadInput, match="lenet has no weights of its own – wanted: .*--weights"):
        zoo.pretrained("lenet", settings, zoo.recipe_for("lenet", settings), Silent())


# -- the door to torchvision -----------------------------------------------------------------------------------------
def test_nothing_is_declared_where_torchvision_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torchvision", reason="torchvision is not whole here", exc_type=RuntimeError)
    monkeypatch.setattr(vision, "declare_missing", lambda: pytest.fail("declared something"))
    vision.torchvision.cache_clear()
    assert vision.torchvision().__name__ == "torchvision"


def test_missing_operators_are_declared_and_say_that_they_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vision, "MISSING_SCHEMAS", {"nms_of_a_test": "nms_of_a_test(Tensor a) -> Tensor"})
    assert vision.declare_missing() == ["nms_of_a_test"]
    assert vision.declare_missing() == []
    with pytest.raises(NotImplementedError, match="nms_of_a_test"):
        torch.ops.torchvision.nms_of_a_test(torch.zeros(1))


def test_an_import_that_dies_for_missing_operators_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins

    monkeypatch.setattr(vision, "MISSING_SCHEMAS", {"nms_of_another_test": "nms_of_another_test(Tensor a) -> Tensor"})
    real, tries = builtins.__import__, []

    def failing(name: str, *rest: object, **options: object) -> object:
        if name == "torchvision" and not tries:
            tries.append(name)
            raise RuntimeError("operator torchvision::nms does not exist")
        return real(name, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(vision, "_import_again", lambda: "torchvision, imported again")
    monkeypatch.setattr(builtins, "__import__", failing)
    vision.torchvision.cache_clear()
    try:
        assert vision.torchvision() == "torchvision, imported again"
    finally:
        vision.torchvision.cache_clear()
    assert tries == ["torchvision"]


def test_the_squeezenet_beside_the_repository_sees_what_it_should(shared_data: Path) -> None:
    import io

    from PIL import Image

    weights = shared_data / "weights" / "squeezenet1_0_imagenet_caffe.npz"
    settings = ModelSettings(weights=str(weights), preprocess="caffe")
    recipe = zoo.recipe_for("squeezenet1_0", settings)
    network = zoo.Prepared(zoo.pretrained("squeezenet1_0", settings, recipe, Silent()), recipe).eval()
    z = np.load(shared_data / "imagenet_val" / "images_1300_NC.npz")
    jpeg, offset, label = z["jpeg"], z["offset"], z["label"]
    images = [Image.open(io.BytesIO(jpeg[offset[i] : offset[i + 1]].tobytes())).convert("RGB") for i in range(60)]
    batch = torch.from_numpy(np.stack([recipe.fit(image) for image in images])).permute(0, 3, 1, 2)
    with torch.inference_mode():
        right = (network(batch).argmax(dim=1).numpy() == label[:60]).mean()
    assert right > 0.5  # .715 on all 1,300; chance is .001
