"""The user's own predictions and features in the pipeline; features alone are made into predictions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analysis.base.types import Dataset, Predictions

if TYPE_CHECKING:
    from analysis.pipeline import Context


def tie_of(dataset: Dataset) -> NDArray[np.int64]:
    """The rank of every image by its id (N,): what decides between equals, whatever the order of the rows."""
    return np.asarray(dataset.table["image_id"].rank(method="first"), np.int64)


def imported(context: Context, dataset: Dataset) -> tuple[Predictions, dict[str, Any]]:
    """The predictions of the user's file, with the features of the other file if there is one."""
    from analysis.data.predictions import load_predictions

    settings = context.settings
    assert settings.predictions is not None
    found = load_predictions(
        settings.predictions,
        dataset,
        convert=settings.convert,
        held_out=settings.held_out,
        progress=context.progress,
    )
    why = f"Your own predictions, read from {settings.predictions}; no model was run."
    return _with_features(context, dataset, found), {"mode": "imported", "why": why, "device": "none"}


def predicted_by_features(context: Context, dataset: Dataset) -> tuple[Predictions, dict[str, Any]]:
    """The classes whose images each image is like, by the features of the user's file."""
    from analysis.noise.likely_classes import likely_classes

    features = _loaded(context, dataset)
    context.progress.start("likeness to every class", 1)
    found = likely_classes(features, dataset.given, n_classes=dataset.n_classes, tie=tie_of(dataset))
    context.progress.advance()
    why = (
        f"Your own features, read from {context.settings.features}; no model was run. Each image is predicted from its"
        " likeness to the other images of each class."
    )
    return found, {"mode": "features", "why": why, "device": "none"}


def _with_features(context: Context, dataset: Dataset, found: Predictions) -> Predictions:
    """The same predictions with the features of the user's file, if there is one."""
    if context.settings.features is None:
        return found
    return replace(found, features=_loaded(context, dataset))


def _loaded(context: Context, dataset: Dataset) -> Any:
    from analysis.data.features import load_features

    assert context.settings.features is not None
    return load_features(context.settings.features, dataset, progress=context.progress)
