"""Training: augmentation, schedule, repeatability, memory, small networks and their temperature."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from analysis.base.config import ModelSettings
from analysis.base.errors import UserError
from analysis.base.progress import NoParts, Silent
from analysis.models import train, zoo
from analysis.models.augment import Augment
from analysis.models.calibrate import best_temperature
from analysis.models.device import Device, pick
from analysis.models.held_out import epochs_for, train_batch_for
from analysis.models.images import Fit, decoded
from analysis.models.memory import Batch
from analysis.models.networks import SMALL, side_for
from analysis.models.train import Images, Plan, Trainer, margin
from tests.models.makers import Listening, Loader, striped

CPU = Device("cpu", bf16=False)
RECIPE = zoo.recipe_for("lenet", ModelSettings(), side=32)


def trainer(
    network: torch.nn.Module | None = None, *, epochs: int = 2, batch: int = 16, n: int = 48, device: Device = CPU
) -> tuple[Trainer, np.ndarray, Listening]:
    dataset = striped(n)
    torch.manual_seed(0)
    network = network or zoo.Prepared(zoo.build("lenet", 3), RECIPE)
    images = Images(Loader(dataset).load, n, Fit(32))
    heard = Listening()
    plan = Plan(epochs=epochs, batch=batch, rate=0.02, augment=Augment(), seed=0)
    return Trainer(network, plan, images=images, device=device, batch=Batch(batch, heard)), dataset.given, heard


def trained(**options: object) -> torch.Tensor:
    made, given, _ = trainer(**options)  # type: ignore[arg-type]
    rows = np.arange(len(given))
    made.fit(rows, given, parts=NoParts(), name="t", progress=Silent())
    return made.predict(rows)


def test_training_repeats_exactly_and_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(4)
    dropout = zoo.Prepared(SMALL["alexnet_small"](3), RECIPE)
    start = {name: tensor.clone() for name, tensor in dropout.state_dict().items()}
    torch.manual_seed(5)
    before = torch.rand(1)
    results = []
    for noise in (1, 2):
        dropout.load_state_dict(start)
        torch.manual_seed(noise)
        results.append(trained(network=dropout))
    torch.testing.assert_close(results[0], results[1], rtol=0, atol=0)
    torch.manual_seed(5)
    made, given, _ = trainer()
    torch.manual_seed(5)
    made.fit(np.arange(48), given, parts=NoParts(), name="t", progress=Silent())
    assert torch.equal(torch.rand(1), before)


def test_a_network_that_went_astray_says_so() -> None:
    made, _, _ = trainer()
    with torch.no_grad():
        next(made.network.parameters()).fill_(float("nan"))
    with pytest.raises(UserError, match="The training went astray.*--mode probe"):
        made.predict(np.arange(4))


@pytest.mark.parametrize("seed", range(4))
def test_networks_without_normalisation_are_not_thrown_off(seed: int) -> None:
    torch.manual_seed(seed)
    network = zoo.Prepared(SMALL["alexnet_small"](3), RECIPE)
    assert torch.isfinite(trained(network=network, epochs=4)).all()


def test_training_learns() -> None:
    given = striped(48).given
    assert (trained(epochs=25).argmax(dim=1).numpy() == given).mean() > 0.9


class Full(torch.nn.Module):
    """A network whose memory holds only `most` images while it trains."""

    def __init__(self, most: int) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.inner = zoo.Prepared(zoo.build("lenet", 3), RECIPE)
        self.most = most

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if len(x) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        out: torch.Tensor = self.inner(x)
        return out


def test_out_of_memory_splits_the_step_and_changes_no_result() -> None:
    made, given, heard = trainer(Full(most=4))
    rows = np.arange(48)
    made.fit(rows, given, parts=NoParts(), name="t", progress=Silent())
    assert heard.notes == [
        "Out of memory: going on with 8 images at a time",
        "Out of memory: going on with 4 images at a time",
    ]
    whole, given, _ = trainer(Full(most=99))
    whole.fit(rows, given, parts=NoParts(), name="t", progress=Silent())
    torch.testing.assert_close(made.predict(rows), whole.predict(rows), rtol=1e-3, atol=1e-3)


def test_images_too_many_for_memory_are_decoded_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    in_memory = trained()
    monkeypatch.setattr(train, "IN_MEMORY", 0)
    torch.testing.assert_close(trained(), in_memory, rtol=0, atol=0)


def test_images_in_memory_are_decoded_once() -> None:
    loader = Loader(striped(20))
    images = Images(loader.load, 20, Fit(32))
    for _ in range(3):
        list(images.batches([np.arange(10), np.arange(10, 20)]))
    assert sorted(loader.calls) == list(range(20))


def test_the_learning_rate_rises_and_falls_to_nothing() -> None:
    rates = [train._schedule(done) for done in np.linspace(0, 1, 101)]
    assert rates[0] == pytest.approx(0.1) and max(rates) == pytest.approx(1) and rates[-1] == pytest.approx(0)
    assert int(np.argmax(rates)) == 10


# -- augmentation ----------------------------------------------------------------------------------------------------
def test_shifts_are_whole_pixels_and_seeded() -> None:
    images = torch.from_numpy(decoded(Loader(striped(8)).load, range(8), Fit(32))).permute(0, 3, 1, 2)
    one, two = (Augment(shift=0.1)(images, torch.Generator().manual_seed(3)) for _ in range(2))
    torch.testing.assert_close(one, two, rtol=0, atol=0)
    torch.testing.assert_close(one, one.round(), atol=0.02, rtol=0)  # nothing is blurred
    assert not torch.equal(one, images.float())


def test_without_any_change_images_stay_as_they_are() -> None:
    images = torch.randint(0, 255, (4, 3, 32, 32), dtype=torch.uint8)
    same = Augment(shift=0, zoom=0)(images, torch.Generator().manual_seed(0))
    torch.testing.assert_close(same, images.float(), atol=0.02, rtol=0)


def test_only_images_that_may_be_mirrored_are() -> None:
    images = torch.zeros(64, 3, 8, 8)
    images[..., :4] = 255
    flipped = Augment(shift=0, flip=True)(images, torch.Generator().manual_seed(0))[:, 0, 0, 0] < 128
    assert 16 < int(flipped.sum()) < 48
    never = Augment(shift=0, flip=False)(images, torch.Generator().manual_seed(0))[:, 0, 0, 0] < 128
    assert not never.any()


# -- networks --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("model", SMALL)
@pytest.mark.parametrize("side", [32, 64])
def test_small_networks_take_both_sizes(model: str, side: int) -> None:
    assert SMALL[model](7)(torch.zeros(2, 3, side, side)).shape == (2, 7)


@pytest.mark.parametrize(("side", "size"), [(8, 32), (28, 32), (32, 32), (40, 32), (41, 64), (64, 64), (500, 64)])
def test_images_are_brought_to_the_next_size(side: int, size: int) -> None:
    assert side_for(side) == size


def test_few_images_are_seen_more_often() -> None:
    assert [epochs_for(n, from_weights=False) for n in (1, 1_000, 30_000, 10**6)] == [40, 40, 20, 12]
    assert [epochs_for(n, from_weights=True) for n in (1_000, 10_000, 10**6)] == [12, 6, 3]
    assert [train_batch_for(n, from_weights=False) for n in (1, 1_800, 60_000)] == [16, 32, 128]


def test_the_temperature_undoes_what_was_multiplied() -> None:
    torch.manual_seed(0)
    logits = torch.randn(4000, 5) * 2
    given = torch.multinomial(torch.softmax(logits, dim=1), 1)[:, 0]
    assert best_temperature(logits * 1.5, given) == pytest.approx(1.5, rel=0.1)
    assert best_temperature(logits / 1.5, given) == pytest.approx(1 / 1.5, rel=0.1)


def test_the_published_resnet20_reads_cifar_as_well_as_published(shared_data: Path) -> None:
    from PIL import Image

    settings = ModelSettings(weights=str(shared_data / "weights" / "resnet20_cifar10.npz"))
    recipe = zoo.recipe_for("resnet20", settings, side=32)
    network = zoo.Prepared(zoo.pretrained("resnet20", settings, recipe, Silent()), recipe).eval()
    sprite = np.asarray(Image.open(shared_data / "cifar10" / "test_10000.webp").convert("RGB"))
    images = sprite.reshape(100, 32, 100, 32, 3).swapaxes(1, 2).reshape(10000, 32, 32, 3)[:1000]
    given = np.load(shared_data / "cifar10" / "labels.npz")["y_test"][:1000]
    with torch.inference_mode():
        found = network(torch.from_numpy(images.copy()).permute(0, 3, 1, 2)).argmax(dim=1).numpy()
    assert (found == given).mean() > 0.9  # .9173 on all 10,000


@pytest.mark.gpu
def test_training_on_the_gpu_learns() -> None:
    given = striped(48).given
    found = trained(epochs=25, device=pick("cuda"))
    assert (found.argmax(dim=1).numpy() == given).mean() > 0.9


def test_a_margin_is_the_lead_of_the_given_class_over_the_best_other() -> None:
    out = torch.tensor([[3.0, 1.0, 2.0], [3.0, 1.0, 2.0]])
    torch.testing.assert_close(margin(out, torch.tensor([0, 1])), torch.tensor([1.0, -2.0]))
    torch.testing.assert_close(margin(out[:, :1], torch.tensor([0, 0])), torch.zeros(2))


def test_a_wrong_label_is_learnt_with_the_lowest_margin() -> None:
    made, given, _ = trainer(epochs=25)
    labels = given.copy()
    labels[5] = (labels[5] + 1) % 3
    margins = made.fit(np.arange(48), labels, parts=NoParts(), name="t", progress=Silent())
    assert margins.shape == (48,) and margins.argmin() == 5
