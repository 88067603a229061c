"""Which network, which way, which device: settled for settings that leave it to `auto`, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.base.config import ModelSettings
from analysis.base.types import Dataset
from analysis.models import Choice
from analysis.models.device import pick
from analysis.models.images import Look, look

if TYPE_CHECKING:
    from analysis.models import Load

PATCHES = "patches"


def choose(dataset: Dataset, load: Load, settings: ModelSettings) -> Choice:
    """The mode, model and device for these images and settings."""
    device = pick(settings.device)
    seen = look(load, len(dataset))
    return Choice(mode="probe", model=PATCHES, why=_why(dataset, seen), device=device.describe())


def _why(dataset: Dataset, seen: Look) -> str:
    return f"{len(dataset):,} images of about {seen.side} px: patches"
