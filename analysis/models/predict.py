"""Features of every image from one network: decoded by threads, in chunks that survive a killed run."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from analysis.base.progress import Parts, Progress
from analysis.models.device import Device
from analysis.models.images import Bytes, Fit, decoded
from analysis.models.memory import Batch

if TYPE_CHECKING:
    from analysis.models import Load

CHUNK = 512  # images per part: what a killed run may lose


@dataclass(frozen=True)
class Extractor:
    """A network that gives features, how images are brought to it, and how many at once.

    `network` maps (n, C, S, S) uint8 to (n, D). `exact`: run in fp32, whatever the device could do faster.
    `name` tells everything that decides the features; parts are stored under it.
    """

    name: str
    network: torch.nn.Module
    fit: Fit
    batch: int
    exact: bool = False


def extract(
    load: Load, n_images: int, extractor: Extractor, *, device: Device, parts: Parts, progress: Progress
) -> NDArray[np.float32]:
    """Features (N, D) float32 of the images 0..N-1. Finished chunks come from `parts`, new ones go there."""
    run = _Runner(extractor, device, progress)
    names = [f"{extractor.name}_{start}" for start in range(0, n_images, CHUNK)]
    chunks = [range(start, min(start + CHUNK, n_images)) for start in range(0, n_images, CHUNK)]
    progress.start("features", n_images)
    done: list[NDArray[np.float32]] = []
    with ThreadPoolExecutor(1) as ahead:
        coming: Future[Bytes] | None = None
        for i, (name, rows) in enumerate(zip(names, chunks, strict=True)):
            part = parts.get(name)
            if part is None:
                images = coming.result() if coming is not None else decoded(load, rows, extractor.fit)
                # the next chunk is decoded while the network works on this one
                wanted = i + 1 < len(chunks) and parts.get(names[i + 1]) is None
                coming = ahead.submit(decoded, load, chunks[i + 1], extractor.fit) if wanted else None
                part = {"features": run(images)}
                parts.put(name, **part)
            else:
                progress.advance(len(rows))
            done.append(part["features"])
    return np.concatenate(done)


class _Runner:
    """Runs the network over chunks of images, batch by batch."""

    def __init__(self, extractor: Extractor, device: Device, progress: Progress) -> None:
        self.network = device.place(extractor.network.eval())
        self.batch = Batch(extractor.batch, progress)
        self.exact = extractor.exact
        self.device = device
        self.progress = progress

    def __call__(self, images: Bytes) -> NDArray[np.float32]:
        """Features (n, D) of images (n, S, S, C)."""
        done: list[NDArray[np.float32]] = []
        at = 0
        while at < len(images):
            features = self.batch.attempt(self._one(images[at:]))
            done.append(features)
            at += len(features)
            self.progress.advance(len(features))
        return np.concatenate(done)

    def _one(self, images: Bytes) -> Callable[[int], NDArray[np.float32]]:
        def work(size: int) -> NDArray[np.float32]:
            batch = self.device.send(torch.from_numpy(images[:size]).permute(0, 3, 1, 2))
            with torch.inference_mode():
                if self.exact:
                    out = self.network(batch)
                else:
                    with self.device.autocast():
                        out = self.network(batch)
            features: NDArray[np.float32] = out.float().cpu().numpy()
            return features

        return work
