"""What the columns of a predictions table mean: probabilities, top-k lists, predicted classes, features, ids."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.base.errors import BadInput
from analysis.data.frames import numeric
from analysis.data.labels import clean_name

Array = NDArray[Any]

ID_COLUMNS = ("image_id", "id", "path", "image_path", "file", "file_name", "filename", "filepath", "image")
PREDICTED = ("predicted", "prediction", "predicted_label", "pred", "argmax", "top1", "label_predicted")
CONFIDENCE = ("confidence", "probability", "prob", "predicted_prob")
PREFIXES = ("", "prob_", "p_", "proba_", "probability_", "prob:", "p:", "class_", "score_")
LOGIT_PREFIXES = ("logit_", "logits_")
LISTS = {"probs": "probs", "probabilities": "probs", "pred_probs": "probs", "logits": "logits"}
FEATURES = ("features", "embedding", "embeddings")
FEATURE = re.compile(r"(?:f|feat|feature|emb|embedding)[_.]?(\d+)", re.IGNORECASE)
TOP_CLASS = re.compile(r"top[_.]?(\d+)(?:[_.](?:class|label|id))?", re.IGNORECASE)
TOP_PROB = re.compile(r"top[_.]?(\d+)[_.](?:prob|probability|p|value|confidence)", re.IGNORECASE)


@dataclass
class Raw:
    """Arrays of a predictions file as they are, rows in file order; exactly one kind of prediction is set."""

    probs: Array | None = None
    logits: Array | None = None
    top_class: Array | None = None
    top_prob: Array | None = None
    predicted: Array | None = None
    features: Array | None = None
    ids: Array | None = None
    held_out: Array | None = None
    names: Array | None = None  # of the columns of probs or logits; the one array that has no row per image

    def _per_image(self) -> dict[str, Array]:
        arrays = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "names"}
        return {name: array for name, array in arrays.items() if array is not None}

    def check_lengths(self, file: str) -> int:
        """The number of rows; arrays that disagree are refused."""
        lengths = {name: len(array) if array.ndim else 0 for name, array in self._per_image().items()}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{name} {n}" for name, n in lengths.items())
            raise BadInput(f"The arrays in {file} differ in length: {told}", wanted="one row per image in each")
        return next(iter(lengths.values()))

    def take(self, rows: NDArray[np.int64]) -> Raw:
        """The same with these rows, in this order."""
        taken: dict[str, Any] = {name: array[rows] for name, array in self._per_image().items()}
        return Raw(**taken, names=self.names)


def from_frame(frame: pd.DataFrame, classes: Sequence[str], file: str) -> Raw:
    """Sort the columns of a table by their names. Raises BadInput listing them when they make no sense."""
    frame = frame.rename(columns=lambda name: clean_name(name) if isinstance(name, str) else name)
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise BadInput(f"{file} has two columns called {twice[0]!r}", wanted="every column once")
    lower = {str(name).lower(): name for name in reversed(list(frame.columns))}
    raw = _lists(frame, lower, file) or _dense(frame, classes, file) or _top(frame, file)
    raw = raw or _predicted(frame, lower, file) or _bare(frame, lower, classes, file)
    if raw is None:
        raise BadInput(
            f"{file} has the columns {', '.join(map(str, frame.columns[:10]))}",
            wanted="a column per class (its name, or prob_0 …), or predicted, or top1 and top1_prob …",
        )
    return _with_extras(raw, frame, lower, classes=classes, file=file)


def features_from_frame(frame: pd.DataFrame, classes: Sequence[str], file: str) -> Raw:
    """Features, and ids where there are any: a column of lists, columns such as f0, f1 … or all columns of numbers."""
    lower = {str(name).lower(): name for name in reversed(list(frame.columns))}
    raw = _with_extras(Raw(), frame, lower, classes=classes, file=file)
    if raw.features is None:
        ids = _id_column(frame, lower, classes)
        raw.features = numeric(frame.drop(columns=[] if ids is None else [ids]), file)
    return raw


def _with_extras(raw: Raw, frame: pd.DataFrame, lower: dict[str, Any], *, classes: Sequence[str], file: str) -> Raw:
    ids = _id_column(frame, lower, classes)
    if ids is not None:
        raw.ids = frame[ids].astype(str).to_numpy(dtype=object)
    if "held_out" in lower:
        column = frame[lower["held_out"]]
        texts = column.astype(str).str.lower().to_numpy()
        known = np.isin(texts, ("true", "false", "1", "0"))
        if not known.all():
            raise BadInput(f"{file}: row {int(np.argmin(known))} has an unclear held_out", wanted="true or false")
        raw.held_out = np.isin(texts, ("true", "1"))
    listed = next((lower[name] for name in FEATURES if name in lower), None)
    numbered = _numbered(frame, FEATURE)
    if listed is not None:
        raw.features = _stack(frame[listed], file)
    elif len(numbered) > 1:
        raw.features = numeric(frame[list(numbered.values())], file).astype(np.float32)
    return raw


def _id_column(frame: pd.DataFrame, lower: dict[str, Any], classes: Sequence[str]) -> Any:
    """A class may be called "path" or "image": a column of that name with fractions in it is no id."""
    for name in ID_COLUMNS:
        column = lower.get(name)
        if column is None or (column in classes and frame[column].dtype.kind == "f"):
            continue
        counted = frame[column].dtype.kind in "iu" and np.array_equal(frame[column].to_numpy(), np.arange(len(frame)))
        return None if counted else column  # 0, 1, 2 … are row numbers, not names
    return None


def _numbered(frame: pd.DataFrame, pattern: re.Pattern[str]) -> dict[int, Any]:
    """Columns whose whole name matches, by their number, in ascending order."""
    found = {int(m.group(1)): name for name in frame.columns if (m := pattern.fullmatch(str(name)))}
    return dict(sorted(found.items()))


def _lists(frame: pd.DataFrame, lower: dict[str, Any], file: str) -> Raw | None:
    """Parquet: a column of lists, or two for top-k."""
    for name, kind in LISTS.items():
        if name in lower and _holds_lists(frame[lower[name]]):
            stacked = _stack(frame[lower[name]], file)
            return Raw(probs=stacked) if kind == "probs" else Raw(logits=stacked)
    if "top_class" in lower and "top_prob" in lower and _holds_lists(frame[lower["top_class"]]):
        return Raw(top_class=_stack(frame[lower["top_class"]], file), top_prob=_stack(frame[lower["top_prob"]], file))
    return None


def _holds_lists(column: pd.Series) -> bool:
    return len(column) > 0 and isinstance(column.iloc[0], (list, np.ndarray))


def _stack(column: pd.Series, file: str) -> Array:
    width = len(column.iloc[0]) if _holds_lists(column) else 0
    for row, value in enumerate(column):
        if not isinstance(value, (list, np.ndarray)) or len(value) != width:
            raise BadInput(f"{file}: row {row} of {column.name!r} is no list of {width} values", wanted="equal lengths")
    return np.stack([np.asarray(value) for value in column])


def _dense(frame: pd.DataFrame, classes: Sequence[str], file: str) -> Raw | None:
    """A column per class: the class names or the numbers 0..K-1, with or without a prefix."""
    have = set(map(str, frame.columns))
    for prefixes, logits in ((PREFIXES, False), (LOGIT_PREFIXES, True)):
        for prefix in prefixes:
            for names in (list(classes), [str(i) for i in range(len(classes))]):
                wanted = [prefix + name for name in names]
                if have >= set(wanted):
                    by_text = {str(name): name for name in frame.columns}
                    values = numeric(frame[[by_text[name] for name in wanted]], file)
                    return Raw(logits=values) if logits else Raw(probs=values)
    some = [name for name in classes if name in have]
    if len(some) > len(classes) / 2:
        lacking = next(name for name in classes if name not in have)
        raise BadInput(f"{file} has no column for the class {lacking!r}", wanted="a column for every class")
    return None


def _top(frame: pd.DataFrame, file: str) -> Raw | None:
    names, values = _numbered(frame, TOP_CLASS), _numbered(frame, TOP_PROB)
    if not names or not values:
        return None
    if list(names) != list(values):
        raise BadInput(f"{file} has top-k classes {list(names)} and values {list(values)}", wanted="a value per class")
    return Raw(top_class=frame[list(names.values())].to_numpy(), top_prob=numeric(frame[list(values.values())], file))


def _predicted(frame: pd.DataFrame, lower: dict[str, Any], file: str) -> Raw | None:
    column = next((lower[name] for name in PREDICTED if name in lower), None)
    if column is None:
        return None
    confidence = next((lower[name] for name in CONFIDENCE if name in lower), None)
    values = frame[column].to_numpy()
    if confidence is None:
        return Raw(predicted=values)
    return Raw(top_class=values[:, None], top_prob=numeric(frame[[confidence]], file))


def _bare(frame: pd.DataFrame, lower: dict[str, Any], classes: Sequence[str], file: str) -> Raw | None:
    """No header: one column of classes, or a column of numbers per class."""
    if list(frame.columns) != list(range(frame.shape[1])) or any(name in lower for name in ID_COLUMNS):
        return None
    if frame.shape[1] == 1 and len(classes) > 1:
        return Raw(predicted=frame.iloc[:, 0].to_numpy())
    return Raw(probs=numeric(frame, file))
