"""Feature extraction: memory that runs out, batches, chunks, and the way images are brought to a network."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image

from analysis.base.errors import NotAvailable
from analysis.base.progress import NoParts, Silent
from analysis.models import device, images, predict
from analysis.models.device import Device
from analysis.models.images import Fit, decoded, look
from analysis.models.memory import Batch, is_out_of_memory
from analysis.models.predict import Extractor, extract
from tests.models.makers import Listening, Loader, as_dataset, striped

CPU = Device("cpu", bf16=False)


class Means(torch.nn.Module):
    """Mean of each channel; refuses batches of more than `most` images as a full memory would."""

    def __init__(self, most: int = 10**9, error: Callable[[], Exception] = MemoryError) -> None:
        super().__init__()
        self.most, self.error = most, error
        self.sizes: list[int] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.sizes.append(len(x))
        if len(x) > self.most:
            raise self.error()
        return x.float().mean(dim=(2, 3))


def features(network: torch.nn.Module, *, n: int = 50, batch: int = 16, progress: object = None) -> np.ndarray:
    loader = Loader(striped(n, side=16))
    made = Extractor("means", network, Fit(16), batch)
    return extract(loader.load, n, made, device=CPU, parts=NoParts(), progress=progress or Silent())  # type: ignore[arg-type]


OUT_OF_MEMORY = [
    MemoryError,
    lambda: torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    lambda: RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory: you tried"),
    lambda: RuntimeError("MPS backend out of memory (MPS allocated: 8.00 GiB)"),
]


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=["python", "cuda", "cpu", "mps"])
def test_out_of_memory_halves_the_batch_and_goes_on(error: Callable[[], Exception]) -> None:
    heard = Listening()
    network = Means(most=5, error=error)
    found = features(network, progress=heard)
    np.testing.assert_array_equal(found, features(Means()))
    assert heard.notes == [
        "Out of memory: going on with 8 images at a time",
        "Out of memory: going on with 4 images at a time",
    ]
    assert network.sizes == [16, 8] + [4] * 12 + [2], "the smaller batch is kept"
    assert heard.phases == {"features": (50, 50)}


def test_one_image_that_does_not_fit_is_a_clear_error() -> None:
    with pytest.raises(NotAvailable, match="Out of memory with a single image.*smaller network"):
        features(Means(most=0))


def test_other_errors_are_not_taken_for_a_full_memory() -> None:
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        features(Means(most=0, error=lambda: RuntimeError("mat1 and mat2 shapes cannot be multiplied")))
    assert not is_out_of_memory(ValueError("out of memory"))


def test_a_batch_never_shrinks_below_one() -> None:
    batch = Batch(3, Silent())
    batch.halve()
    batch.halve()
    assert batch.size == 1


def test_rows_keep_their_order_over_chunks_and_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = features(Means(), batch=64)
    monkeypatch.setattr(predict, "CHUNK", 7)
    np.testing.assert_array_equal(features(Means(), batch=3), whole)


# -- fitting images --------------------------------------------------------------------------------------------------
def test_the_middle_is_cut_as_torchvision_cuts_it() -> None:
    from torchvision.transforms import functional as tv

    rng = np.random.default_rng(0)
    for size in ((90, 61), (61, 90), (300, 40), (64, 64), (40, 40)):
        image = Image.fromarray(rng.integers(0, 255, (*size, 3), dtype=np.uint8)).resize(size, Image.Resampling.BICUBIC)
        wanted = np.asarray(tv.center_crop(tv.resize(image, [48], antialias=True), [42, 42]), int)
        found = Fit(42, "crop", resize=48, interpolation=Image.Resampling.BILINEAR)(image).astype(int)
        assert np.abs(found - wanted).mean() < 4, size
        assert found.shape == (42, 42, 3)


def test_a_whole_image_keeps_its_proportions_on_its_own_colour() -> None:
    image = Image.new("RGB", (40, 20), (200, 100, 0))
    fitted = Fit(16)(image)
    assert fitted.shape == (16, 16, 3)
    assert (fitted == (200, 100, 0)).all(), "no edge where the image ends"
    assert Fit(16, grey=True)(image).shape == (16, 16, 1)
    assert Fit(16)(Image.new("RGB", (1, 900))).shape == (16, 16, 3)


def test_threads_give_rows_in_their_order() -> None:
    loader = Loader(striped(40, side=12))
    found = decoded(loader.load, range(39, -1, -1), Fit(12))
    wanted = np.stack([np.asarray(loader.load(row)) for row in range(39, -1, -1)])
    np.testing.assert_array_equal(found, wanted)


def test_a_loader_that_can_decode_smaller_is_asked_to() -> None:
    asked: list[int | None] = []

    def load(row: int, *, at_least: int | None = None) -> Image.Image:
        asked.append(at_least)
        return Image.new("RGB", (50, 50))

    decoded(load, range(3), Fit(16))
    assert asked == [32, 32, 32]


def test_a_look_tells_size_and_colour() -> None:
    grey, colour = striped(30, side=28, grey=True), striped(30, side=40)
    assert look(Loader(grey).load, 30) == images.Look(28, grey=True)
    assert look(Loader(colour).load, 30) == images.Look(40, grey=False)
    assert look(Loader(as_dataset(np.zeros((1, 9, 30), np.uint8), np.zeros(1, int), 1)).load, 1).side == 30


# -- devices ---------------------------------------------------------------------------------------------------------
def test_a_device_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(NotAvailable, match=r"There is no device 'tpu' here – wanted: one of auto, .*cpu"):
        device.pick("tpu")
    with pytest.raises(NotAvailable, match="There is no device 'cuda:99' here"):
        device.pick("cuda:99")


def test_the_cpu_is_always_there_and_says_its_precision() -> None:
    found = device.pick("cpu")
    assert found.name == "cpu" and not found.is_accelerator
    assert found.bf16 == device.cpu_has_bf16()
    assert found.describe().startswith("CPU, ") and ("bf16" in found.describe()) == found.bf16


@pytest.mark.parametrize("bf16", [True, False])
def test_autocast_is_used_where_the_device_has_bf16(bf16: bool) -> None:
    seen: list[torch.dtype] = []

    class Spy(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = torch.nn.Conv2d(3, 4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            out: torch.Tensor = self.conv(x.float())
            seen.append(out.dtype)
            return out.mean(dim=(2, 3))

    loader = Loader(striped(8, side=16))
    made = Extractor("spy", Spy(), Fit(16), 8)
    found = extract(loader.load, 8, made, device=Device("cpu", bf16=bf16), parts=NoParts(), progress=Silent())
    assert seen == [torch.bfloat16 if bf16 else torch.float32]
    assert found.dtype == np.float32


@pytest.mark.gpu
def test_features_on_the_gpu_agree_with_those_on_the_cpu() -> None:
    from analysis.base.config import ModelSettings
    from analysis.models.networks import SMALL
    from analysis.models.zoo import Prepared, recipe_for, without_head

    torch.manual_seed(0)
    recipe = recipe_for("resnet20", ModelSettings(), side=32)
    network = Prepared(without_head(SMALL["resnet20"](10)), recipe).eval()
    loader = Loader(striped(40, side=32))
    made = Extractor("net", network, recipe.fit, 16)
    on_cpu = extract(loader.load, 40, made, device=CPU, parts=NoParts(), progress=Silent())
    on_gpu = extract(loader.load, 40, made, device=device.pick("cuda"), parts=NoParts(), progress=Silent())
    np.testing.assert_allclose(on_gpu, on_cpu, rtol=0.1, atol=0.1 * np.abs(on_cpu).max())
