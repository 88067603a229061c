"""What is chosen where the settings leave it open, and the sentence that says why."""

from __future__ import annotations

import re

import numpy as np
import pytest

from analysis import models
from analysis.base.config import ModelSettings
from analysis.base.errors import BadInput, NotAvailable, NotFoundHere
from analysis.base.types import Dataset
from analysis.models import choice, download
from analysis.models.device import Device
from tests.models.makers import Loader, as_dataset, striped

GPU = Device("cuda:0", bf16=True)


def ask(dataset: Dataset, **settings: object) -> models.Choice:
    return models.choose(dataset, Loader(dataset), ModelSettings(**{"device": "cpu", **settings}))  # type: ignore[arg-type]


def photos(n: int = 30) -> Dataset:
    return striped(n, side=120)


@pytest.fixture
def weights(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """Which weights are here, and whether the server answers (`server`)."""
    there = {"server": False}
    monkeypatch.setattr(download, "is_here", lambda model: there.get(model, False))
    monkeypatch.setattr(download, "can_be_fetched", lambda model: there["server"])
    return there


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "pick", lambda asked: GPU)
    monkeypatch.setattr(Device, "describe", lambda self: "a GPU of this test")


def test_small_images_are_probed_without_asking_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "can_be_fetched", lambda model: pytest.fail("asked the network"))
    found = ask(striped(30, side=8, grey=True))
    assert (found.mode, found.model) == ("probe", "patches")
    assert found.why == (
        "30 grey images of about 8 px on CPU: for digit-sized images patch features learnt without labels, with "
        "cross-validated linear heads, take seconds and need no download."
    )
    assert found.device.startswith("CPU, ")


def test_photos_without_weights_are_probed_with_patches_and_the_better_way_is_named(weights: dict[str, bool]) -> None:
    found = ask(photos())
    assert (found.mode, found.model) == ("probe", "patches")
    assert "no pretrained weights are on this machine and the server does not answer" in found.why
    assert "--weights" in found.why


def test_photos_take_weights_that_are_here(weights: dict[str, bool]) -> None:
    weights["mobilenet_v3_small"] = True
    found = ask(photos())
    assert (found.mode, found.model) == ("probe", "mobilenet_v3_small")
    assert "are on this machine" in found.why


def test_photos_take_weights_that_can_be_fetched(weights: dict[str, bool]) -> None:
    weights["server"] = True
    assert ask(photos()).model == "resnet18"
    assert "fetched once" in ask(photos()).why


def test_many_photos_on_a_cpu_take_a_faster_one(weights: dict[str, bool], monkeypatch: pytest.MonkeyPatch) -> None:
    weights["server"] = True
    monkeypatch.setattr(choice, "MANY_FOR_CPU", 20)
    assert ask(photos()).model == "mobilenet_v3_small"


@pytest.mark.usefixtures("gpu")
def test_a_gpu_takes_larger_networks_and_trains_where_there_is_enough(
    weights: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    weights["server"] = True
    assert ask(photos(), device="auto").model == "resnet50"
    assert ask(striped(40, side=32), device="auto").mode == "probe"
    monkeypatch.setattr(choice, "MANY", 40)
    found = ask(striped(40, side=32), device="auto")
    assert (found.mode, found.model) == ("finetune", "resnet20")
    assert ask(striped(40, side=32), device="auto", mode="probe").mode == "probe"
    assert "on CUDA: " in found.why


def test_finetune_alone_picks_a_network_to_train(weights: dict[str, bool]) -> None:
    assert ask(striped(30, side=8, grey=True), mode="finetune").model == "lenet"
    assert ask(striped(30, side=32), mode="finetune").model == "resnet20"
    assert ask(photos(), mode="finetune").model == "resnet20"
    weights["resnet18"] = True
    assert ask(photos(), mode="finetune").model == "resnet18"


def test_what_was_asked_for_is_taken(weights: dict[str, bool]) -> None:
    dataset = striped(30, side=32)
    assert ask(dataset, model="patches").mode == "probe"
    assert ask(dataset, model="resnet20").mode == "finetune"
    assert ask(dataset, model="resnet20", weights="w.npz").mode == "probe"
    assert ask(dataset, model="resnet18").mode == "probe"
    assert ask(dataset, model="resnet18", mode="finetune").mode == "finetune"
    assert ask(dataset, weights="squeezenet1_0_caffe.npz").model == "squeezenet1_0"


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"model": "resnet19"}, NotFoundHere, "There is no network named 'resnet19'"),
        ({"model": "patches", "mode": "finetune"}, BadInput, "The model patches has nothing to train"),
        ({"model": "patches", "weights": "w.npz"}, BadInput, "takes no weights"),
        ({"model": "lenet", "mode": "probe"}, BadInput, "lenet has no weights of its own.*--mode finetune"),
        ({"weights": "best.npz"}, BadInput, "does not say which network"),
        ({"device": "tpu"}, NotAvailable, "There is no device 'tpu'"),
    ],
)
def test_what_cannot_be_done_is_refused(settings: dict[str, str], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ask(striped(10), **settings)


def test_every_reason_is_one_sentence(weights: dict[str, bool]) -> None:
    for dataset in (striped(30, side=8, grey=True), striped(30), photos()):
        for mode in ("auto", "finetune"):
            why = ask(dataset, mode=mode).why
            assert why.endswith(".") and not re.search(r"\. ", why)


def test_one_image_is_enough_to_choose() -> None:
    assert ask(as_dataset(np.zeros((1, 5, 5), np.uint8), np.zeros(1, int), 1)).model == "patches"
