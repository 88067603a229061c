"""Training of one network on some images: seeded, in epochs that survive a killed run, in the memory there is."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy

from analysis.base.errors import UserError
from analysis.base.progress import Parts, Progress
from analysis.models.augment import Augment
from analysis.models.device import Device
from analysis.models.images import Bytes, Fit, decoded
from analysis.models.memory import Batch

if TYPE_CHECKING:
    from analysis.models import Load

Rows = NDArray[np.int64]

IN_MEMORY = 2 << 30  # bytes of images kept decoded; more are decoded anew in every epoch
SAVE_AFTER = 30.0  # seconds between two saved epochs: saving a large network after each short epoch would cost more
WARM_UP = 0.1  # share of the steps in which the learning rate rises
LONGEST_STEP = 2.0  # gradients are shortened to this length
MOMENTUM, DECAY, SMOOTHING = 0.9, 5e-4, 0.05


class Images:
    """The images of a data set, fitted; kept in memory when they are few or small enough."""

    def __init__(self, load: Load, n_images: int, fit: Fit) -> None:
        self._load, self._fit, self._n = load, fit, n_images
        self._all: Bytes | None = None
        self._small = n_images * fit.size**2 * 3 <= IN_MEMORY

    def __getitem__(self, rows: Rows) -> Bytes:
        """The images of `rows` (n, S, S, 3)."""
        if not self._small:
            return decoded(self._load, rows, self._fit)
        if self._all is None:
            self._all = decoded(self._load, range(self._n), self._fit)
        return self._all[rows]

    def batches(self, batches: list[Rows]) -> Iterator[Bytes]:
        """The images of each batch; the next is decoded while one is worked on."""
        with ThreadPoolExecutor(1) as ahead:
            coming = ahead.submit(self.__getitem__, batches[0])
            for following in [*batches[1:], None]:
                now = coming.result()
                if following is not None:
                    coming = ahead.submit(self.__getitem__, following)
                yield now


@dataclass(frozen=True)
class Plan:
    """How a network is trained: epochs, images per step, highest learning rate, augmentation, seed."""

    epochs: int
    batch: int
    rate: float
    augment: Augment
    seed: int


class Trainer:
    """Trains one network and predicts with it. `network` takes (n, 3, S, S) in 0..255 and gives logits (n, K)."""

    def __init__(self, network: torch.nn.Module, plan: Plan, *, images: Images, device: Device, batch: Batch) -> None:
        self.network = device.place(network)
        self.plan, self.images, self.device, self.batch = plan, images, device, batch
        self.optimiser = torch.optim.SGD(
            network.parameters(), lr=plan.rate, momentum=MOMENTUM, weight_decay=DECAY, nesterov=True
        )

    def fit(
        self, rows: Rows, given: NDArray[np.int64], *, parts: Parts, name: str, progress: Progress
    ) -> NDArray[np.float32]:
        """Train on the images of `rows` with their labels `given`, both (n,). Epochs done before are not redone.

        Gives the area under the margin (n,) [Pleiss20]: the logit of the given label minus the highest other one, each
        time the image was learnt from, averaged over the epochs. What contradicts all other images stays low.
        Every epoch draws its order and its augmentation from (seed, epoch), so that a run which goes on after epoch e
        sees what an unbroken one would have seen.
        """
        self.margins = torch.zeros(len(rows), device=self.device.name)
        first = self._restore(parts.get(name))
        progress.advance(first * len(rows))
        saved = time.monotonic()
        for epoch in range(first, self.plan.epochs):
            self._epoch(epoch, rows, given, progress)
            if time.monotonic() - saved >= SAVE_AFTER and epoch + 1 < self.plan.epochs:
                parts.put(name, **self._state(epoch + 1))
                saved = time.monotonic()
        return (self.margins / max(1, self.plan.epochs)).cpu().numpy()

    def _epoch(self, epoch: int, rows: Rows, given: NDArray[np.int64], progress: Progress) -> None:
        self.network.train()
        with seeded(self.plan.seed + epoch, self.device):
            generator = torch.Generator().manual_seed(self.plan.seed * 1_000_003 + epoch)
            order = torch.randperm(len(rows), generator=generator).numpy()
            steps = np.array_split(order, max(1, math.ceil(len(order) / self.plan.batch)))
            batches = self.images.batches([rows[step] for step in steps])
            for i, (step, images) in enumerate(zip(steps, batches, strict=True)):
                for group in self.optimiser.param_groups:
                    group["lr"] = self.plan.rate * _schedule((epoch + i / len(steps)) / self.plan.epochs)
                x = self.device.send(torch.from_numpy(images).permute(0, 3, 1, 2))
                y = self.device.send(torch.from_numpy(given[step]))
                x = self.plan.augment(x, generator)
                margins = self.batch.attempt(lambda size, x=x, y=y: self._step(x, y, size))  # type: ignore[misc]
                self.margins[self.device.send(torch.from_numpy(step))] += margins
                progress.advance(len(step))

    def _step(self, x: torch.Tensor, y: torch.Tensor, size: int) -> torch.Tensor:
        """One step of the optimiser on all of x, `size` images at a time; the margins (n,) before it."""
        self.optimiser.zero_grad(set_to_none=True)
        margins = []
        for at in range(0, len(x), size):
            with self._autocast():
                out = logits(self.network(x[at : at + size])).float()
            given = y[at : at + size]
            margins.append(margin(out.detach(), given))
            loss = cross_entropy(out, given, label_smoothing=SMOOTHING, reduction="sum") / len(x)
            loss.backward()  # type: ignore[no-untyped-call]
        # a network without batch normalisation may else be thrown off for good by its first large steps
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), LONGEST_STEP)
        self.optimiser.step()
        return torch.cat(margins)

    def predict(self, rows: Rows) -> torch.Tensor:
        """Logits (n, K) of the images of `rows`, on the CPU."""
        self.network.eval()
        found = torch.cat([self._predict(images) for images in self.images.batches(_slices(rows, 512))])
        if not torch.isfinite(found).all():
            raise UserError(
                "The training went astray: the network gives no numbers any more",
                wanted="weights that stay finite",
                hint="try another --seed, another --model, or --mode probe",
            )
        return found

    def _predict(self, images: Bytes) -> torch.Tensor:
        def work(size: int) -> list[torch.Tensor]:
            done = []
            for at in range(0, len(images), size):
                x = self.device.send(torch.from_numpy(images[at : at + size]).permute(0, 3, 1, 2))
                with torch.inference_mode(), self._autocast():
                    done.append(logits(self.network(x)).float().cpu())
            return done

        return torch.cat(self.batch.attempt(work))

    def _autocast(self) -> Any:
        # training in bf16 is left to devices made for it; on the CPU small networks gain nothing from it
        return self.device.autocast() if self.device.is_accelerator else nullcontext()

    # -- state between epochs ------------------------------------------------------------------------------------
    def _state(self, epoch: int) -> dict[str, NDArray[Any]]:
        weights = {f"net.{name}": tensor.cpu().numpy() for name, tensor in self.network.state_dict().items()}
        momenta = {
            f"momentum.{i}": self.optimiser.state[p]["momentum_buffer"].cpu().numpy()
            for i, p in enumerate(self.network.parameters())
            if "momentum_buffer" in self.optimiser.state[p]
        }
        return {"epoch": np.array(epoch), "margins": self.margins.cpu().numpy(), **weights, **momenta}

    def _restore(self, stored: dict[str, NDArray[Any]] | None) -> int:
        """Take up a stored state; the number of epochs done."""
        if stored is None:
            return 0
        self.margins += torch.from_numpy(stored["margins"]).to(self.margins.device)
        weights = {name[4:]: torch.from_numpy(array) for name, array in stored.items() if name.startswith("net.")}
        self.network.load_state_dict(weights)
        for i, parameter in enumerate(self.network.parameters()):
            momentum = stored.get(f"momentum.{i}")
            if momentum is not None:
                buffer = torch.from_numpy(momentum).to(parameter.device)
                self.optimiser.state[parameter]["momentum_buffer"] = buffer.contiguous(
                    memory_format=torch.channels_last if parameter.dim() == 4 else torch.contiguous_format
                )
        return int(stored["epoch"])


def logits(out: Any) -> torch.Tensor:
    """The main output of a network: some give, while they train, a tuple with the outputs of helpers behind it."""
    first: torch.Tensor = out if isinstance(out, torch.Tensor) else out[0]
    return first


def margin(out: torch.Tensor, given: torch.Tensor) -> torch.Tensor:
    """The logit (n,) of the given class minus the highest of the others, from logits (n, K); 0 where K = 1."""
    if out.shape[1] == 1:
        return torch.zeros(len(out), device=out.device)
    own = out.gather(1, given[:, None])
    return (own - out.scatter(1, given[:, None], -torch.inf).amax(dim=1, keepdim=True))[:, 0]


def _schedule(done: float) -> float:
    """The share of the highest learning rate when `done` (0..1) of the training is over: a rise, then half a cosine."""
    if done < WARM_UP:
        return 0.1 + 0.9 * done / WARM_UP
    return 0.5 * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP)))


def _slices(rows: Rows, size: int) -> list[Rows]:
    return [rows[at : at + size] for at in range(0, len(rows), size)]


@contextmanager
def seeded(seed: int, device: Device) -> Iterator[None]:
    """Seed what draws from torch's global generator (dropout), and leave that generator as it was."""
    devices = [torch.device(device.name)] if device.kind == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield
