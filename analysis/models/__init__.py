"""Networks that look at the images: held-out class probabilities and features for every image.

The only room with torch. This file imports none of it, so that commands which run no model start fast.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from PIL import Image

    from analysis.base.config import ModelSettings
    from analysis.base.progress import Parts, Progress
    from analysis.base.types import Dataset, Predictions

    Load = Callable[[int], Image.Image]


class HasImages(Protocol):
    """What `choose` looks at: images by row, as RGB."""

    @property
    def load(self) -> Load:
        """Row 0..N-1 -> the image as RGB, upright."""


@dataclass(frozen=True)
class Choice:
    """Which network looks at the images, how held-out predictions are made, on what device, and why."""

    mode: Literal["probe", "finetune"]
    model: str
    why: str
    device: str


def choose(dataset: Dataset, store: HasImages, settings: ModelSettings, *, parts: Parts | None = None) -> Choice:
    """Settle what `settings` leaves to `auto`; `why` is one plain sentence. May look whether weights can be had.

    With `parts` the choice is kept there: `predict_held_out` on the same parts takes it up, after a kill too.
    """
    from analysis.models import choice, held_out

    if parts is None:
        return choice.choose(dataset, store.load, settings)
    return held_out.settled(dataset, store.load, settings, parts=parts)


def predict_held_out(
    dataset: Dataset, load: Load, settings: ModelSettings, *, parts: Parts, progress: Progress
) -> Predictions:
    """Held-out probabilities (N, K) float32 and features (N, D) float32 of every image.

    Finished chunks and folds are kept in `parts`; a run that was killed continues there and gives the same result.
    Raises Cancelled where `progress` says so, NotAvailable where weights or a device are missing.
    """
    from analysis.models.held_out import predict_held_out as predict

    return predict(dataset, load, settings, parts=parts, progress=progress)


__all__ = ["Choice", "HasImages", "choose", "predict_held_out"]
