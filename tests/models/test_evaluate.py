"""Networks asked as they are: names, weights from a folder, outputs as classes, exports of quantised networks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from analysis.base.config import ModelSettings
from analysis.base.errors import BadInput, Cancelled, NotAvailable, UserError
from analysis.base.progress import NoParts, Silent
from analysis.models import download, zoo
from analysis.models.evaluate import Asked, answers, asked_models, outputs_of
from analysis.models.folded import is_folded, pad_as_tensorflow, put_folded
from tests.models.makers import Loader, Memory, Stopping, striped


def saved(folder: Path, classes: int = 3, *, seed: int = 0) -> nn.Module:
    """A small network with random weights, kept in `folder`."""
    torch.manual_seed(seed)
    network = zoo.build("resnet20", classes).eval()
    folder.mkdir(exist_ok=True)
    np.savez(folder / "resnet20_made.npz", **{name: t.numpy() for name, t in network.state_dict().items() if t.ndim})
    return network


def ask(asked: Asked, dataset: object, *, parts: object = None, progress: object = None) -> np.ndarray:
    classes, n = dataset.classes, len(dataset)  # type: ignore[attr-defined]
    load = Loader(dataset).load  # type: ignore[arg-type]
    found = answers(load, classes, n, asked, parts=parts or NoParts(), progress=progress or Silent())  # type: ignore[arg-type]
    return np.concatenate([found.top_class, found.top_prob], axis=1)


def test_what_a_network_of_a_file_says_is_kept_best_first(tmp_path: Path) -> None:
    network, dataset = saved(tmp_path / "weights"), striped(60, classes=3)
    (asked,) = asked_models("resnet20", weights_dir=str(tmp_path / "weights"), device="cpu")
    assert asked.name == "resnet20 (resnet20_made.npz)"
    found = ask(asked, dataset)
    recipe = zoo.recipe_for("resnet20", asked.settings, side=32)
    assert dataset.pixels.data is not None
    pixels = torch.from_numpy(np.asarray(dataset.pixels.data)).permute(0, 3, 1, 2)
    with torch.inference_mode():
        expected = torch.softmax(zoo.Prepared(network, recipe).eval()(pixels), dim=1).numpy()
    assert found.shape == (60, 6), "three classes are all there are"
    np.testing.assert_array_equal(found[:, 0], expected.argmax(axis=1))
    np.testing.assert_allclose(found[:, 3:], -np.sort(-expected, axis=1), atol=1e-5)


def test_a_stopped_evaluation_goes_on_where_it_was_and_other_weights_start_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analysis.models.predict.CHUNK", 20)
    saved(tmp_path / "w")
    dataset, parts = striped(60, classes=3), Memory()
    (asked,) = asked_models("resnet20", weights_dir=str(tmp_path / "w"), device="cpu")
    with pytest.raises(Cancelled):
        ask(asked, dataset, parts=parts, progress=Stopping("features", after=30))
    done = len(parts.stored)
    assert 0 < done < 3
    whole = ask(asked, dataset, parts=parts)
    np.testing.assert_array_equal(whole, ask(asked, dataset))
    assert len(parts.stored) == 3
    saved(tmp_path / "w", seed=1)
    assert not np.array_equal(ask(asked, dataset, parts=parts), whole) and len(parts.stored) == 6


def test_weights_that_cannot_be_had_are_named_with_their_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    monkeypatch.setattr(download, "can_be_fetched", lambda model: False)
    with pytest.raises(NotAvailable) as caught:
        ask(asked_models("resnet18", device="cpu")[0], striped(12))
    said = str(caught.value)
    assert "resnet18-f37072fd.pth" in said and str(tmp_path / "hub" / "checkpoints") in said and "--weights-dir" in said
    with pytest.raises(NotAvailable, match="resnet20.pth, .npz or .safetensors in --weights-dir"):
        ask(asked_models("resnet20", device="cpu")[0], striped(12))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("resnet51", "no network named 'resnet51'"),
        ("resnet18:grey", "The scaling of 'resnet18:grey'"),
        ("resnet18,resnet18", "one of them twice"),
        (" , ", "are none"),
        ("patches", "no classes of its own"),
    ],
)
def test_lists_of_models_that_make_no_sense_are_refused(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        asked_models(text)


# -- outputs ----------------------------------------------------------------------------------------------------------
def test_wnids_are_ranked_numbers_are_numbers_and_names_are_looked_up() -> None:
    wnids = [f"n{10_000_000 + (7 * i) % 1000:08d}" for i in range(1000)]
    columns, notes = outputs_of(wnids, "resnet18", 1000)
    assert notes == () and np.array_equal(np.array(sorted(wnids))[columns], wnids)
    assert outputs_of(["2", "0", "999"], "resnet18", 1000)[0].tolist() == [2, 0, 999]
    columns, notes = outputs_of(["Tench", "goldfish"], "resnet18", 1000)
    assert columns.tolist() == [0, 1] and "2 of 1,000 outputs" in notes[0]
    columns, notes = outputs_of(["a", "b"], "resnet20", 2)
    assert columns.tolist() == [0, 1] and "in the order" in notes[0]


@pytest.mark.parametrize("classes", [["n01440764", "n01443537"], ["tench", "dog"], ["cat", "dog"]])
def test_classes_that_do_not_say_which_output_they_are_are_refused(classes: list[str]) -> None:
    with pytest.raises(BadInput, match="--option classes=FILE"):
        outputs_of(classes, "resnet18", 1000)


def test_only_outputs_that_are_classes_compete(tmp_path: Path) -> None:
    saved(tmp_path / "w", classes=5)
    dataset = striped(30, classes=3)
    object.__setattr__(dataset, "classes", ("4", "1", "2"))
    (asked,) = asked_models("resnet20", weights_dir=str(tmp_path / "w"), device="cpu")
    found = ask(asked, dataset)
    assert set(found[:, 0]) <= {0, 1, 2}
    np.testing.assert_allclose(found[:, 3:].sum(axis=1), 1, atol=1e-5)


# -- exports of quantised networks ------------------------------------------------------------------------------------
def folded(network: nn.Module) -> dict[str, np.ndarray]:
    """Weights with batch normalisation folded in, as 8-bit numbers and scales."""
    arrays: dict[str, np.ndarray] = {}
    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear | nn.BatchNorm2d)]
    k = -1
    for layer in layers:
        if isinstance(layer, nn.BatchNorm2d):
            assert layer.running_mean is not None and layer.running_var is not None
            gain = layer.weight / torch.sqrt(layer.running_var + layer.eps)
            weight = torch.from_numpy(arrays[f"w{k:02d}"]) * gain[:, None, None, None]
            arrays[f"w{k:02d}"] = weight.detach().numpy()
            arrays[f"b{k:02d}"] = (layer.bias - layer.running_mean * gain).detach().numpy()
            continue
        k += 1
        arrays[f"w{k:02d}"] = layer.weight.detach().numpy()
        arrays[f"b{k:02d}"] = (
            np.zeros(len(layer.weight), np.float32) if layer.bias is None else layer.bias.detach().numpy()
        )
    for number in range(k + 1):
        weight = arrays[f"w{number:02d}"]
        scale = np.abs(weight).reshape(len(weight), -1).max(axis=1) / 127 + 1e-12
        arrays[f"w{number:02d}"] = np.round(weight / scale.reshape(-1, *[1] * (weight.ndim - 1))).astype(np.int8)
        arrays[f"s{number:02d}"] = scale.astype(np.float32)
    return arrays


@pytest.fixture
def trained() -> nn.Module:
    torch.manual_seed(0)
    network = zoo.build("resnet20", 4).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 2)  # type: ignore[arg-type]
    return network


def test_folded_weights_give_what_the_network_gave_but_for_rounding(trained: nn.Module, tmp_path: Path) -> None:
    np.savez(tmp_path / "resnet20_int8.npz", **folded(trained))
    other = zoo.build("resnet20", 4).eval()
    assert is_folded(tmp_path / "resnet20_int8.npz")
    put_folded(other, tmp_path / "resnet20_int8.npz")
    images = torch.rand(6, 3, 32, 32)
    with torch.inference_mode():
        expected, found = trained(images), other(images)
    assert float((expected - found).abs().max()) < 0.05 * float(expected.abs().max())


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"no archive"])
def test_a_damaged_file_is_no_folded_weights_and_is_said_to_be_damaged(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "resnet20.npz").write_bytes(content)
    assert not is_folded(tmp_path / "resnet20.npz")
    with pytest.raises(BadInput, match=r"resnet20\.npz cannot be read"):
        put_folded(zoo.build("resnet20", 3), tmp_path / "resnet20.npz")


def _no_bias(arrays: dict[str, np.ndarray]) -> None:
    del arrays["b05"]


def _nan(arrays: dict[str, np.ndarray]) -> None:
    arrays["s03"][0] = np.nan


def _shape(arrays: dict[str, np.ndarray]) -> None:
    arrays["w02"] = arrays["w02"][:3]


def _text(arrays: dict[str, np.ndarray]) -> None:
    arrays["w01"] = arrays["w01"].astype(str)


def _one_more(arrays: dict[str, np.ndarray]) -> None:
    arrays["w99"] = arrays["w00"]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_shape, "layer 2 of"),
        (_nan, "layer 3 of .* NaN"),
        (_one_more, "layers"),
        (_no_bias, "missing"),
        (_text, "no numbers"),
    ],
)
def test_folded_weights_that_do_not_fit_are_refused(
    spoil: Callable[[dict[str, np.ndarray]], None], message: str, trained: nn.Module, tmp_path: Path
) -> None:
    arrays = folded(trained)
    spoil(arrays)
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(BadInput, match=message):
        put_folded(zoo.build("resnet20", 4), tmp_path / "x.npz")


@pytest.mark.parametrize(
    ("size", "kernel", "expected"), [(8, 3, (0, 1)), (7, 3, (1, 1)), (8, 5, (1, 2)), (9, 5, (2, 2))]
)
def test_padding_as_tensorflow_puts_what_is_left_over_right_and_below(
    size: int, kernel: int, expected: tuple[int, int]
) -> None:
    conv = nn.Conv2d(1, 1, kernel, stride=2, padding=kernel // 2, bias=False)
    wanted = nn.functional.conv2d(
        nn.functional.pad(image := torch.rand(1, 1, size, size), (*expected, *expected)), conv.weight, stride=2
    )
    pad_as_tensorflow(nn.Sequential(conv))
    assert conv(image).shape[-1] == -(-size // 2)
    assert torch.equal(conv(image), wanted)


def test_the_network_of_a_folded_file_is_padded_where_that_was_asked(tmp_path: Path) -> None:
    network = zoo.build("mobilenet_v2", 1000)
    np.savez(tmp_path / "mobilenet_v2_int8.npz", **folded(network.eval()))
    recipe = zoo.recipe_for("mobilenet_v2", ModelSettings())
    paddings = []
    for scaling in ("signed", "tf"):
        settings = ModelSettings(weights=str(tmp_path / "mobilenet_v2_int8.npz"), preprocess=scaling)  # type: ignore[arg-type]
        made = zoo.pretrained("mobilenet_v2", settings, recipe, Silent())
        paddings.append({m.padding for m in made.modules() if isinstance(m, nn.Conv2d) and m.stride == (2, 2)})
    assert paddings == [{(1, 1)}, {(0, 0)}]
