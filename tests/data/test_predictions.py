"""The user's own predictions: every usual shape is understood, every wrong one refused by its first bad row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.base.errors import BadInput, NotFoundHere, UserError
from analysis.base.types import Dataset, Pixels, Predictions
from analysis.data.predictions import load_predictions

CLASSES = ("cat", "dog", "owl", "path")
N = 12


class Notes:
    """A `Progress` that keeps the notes."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def start(self, what: str, total: int) -> None: ...

    def advance(self, n: int = 1) -> None: ...

    def note(self, message: str) -> None:
        self.told.append(message)


@pytest.fixture
def dataset() -> Dataset:
    paths = [f"{CLASSES[i % 4]}/img {i}.png" for i in range(N)]
    table = pd.DataFrame({"image_id": paths, "path": paths, "source_row": np.arange(N), "given": np.arange(N) % 4})
    return Dataset(table, CLASSES, "f", Pixels("none"))


@pytest.fixture
def logits() -> np.ndarray:
    return np.random.default_rng(0).normal(0, 3, (N, 4))


@pytest.fixture
def probs(logits: np.ndarray) -> np.ndarray:
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def save(path: Path, content: Any) -> Path:
    if path.suffix == ".npy":
        np.save(path, content)
    elif path.suffix == ".npz":
        np.savez(path, **content)
    elif path.suffix == ".parquet":
        pd.DataFrame(content).to_parquet(path)
    else:
        pd.DataFrame(content).to_csv(path, index=False)
    return path


def named(probs: np.ndarray, names: tuple[str, ...] = CLASSES) -> dict[str, np.ndarray]:
    return dict(zip(names, probs.T, strict=True))


@pytest.mark.parametrize("key", ["probs", "pred_probs", "Probabilities", "P"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dense_npz(key: str, dtype: type, dataset: Dataset, probs: np.ndarray, tmp_path: Path) -> None:
    features = np.ones((N, 2, 3))
    found = load_predictions(save(tmp_path / "p.npz", {key: probs.astype(dtype), "features": features}), dataset)
    assert found.probs is not None and np.abs(found.probs - probs).max() < 1e-3
    assert found.features is not None and found.features.shape == (N, 6)
    assert found.model == "p.npz" and found.held_out.all()


def test_a_npy_stays_mapped(dataset: Dataset, probs: np.ndarray, tmp_path: Path) -> None:
    found = load_predictions(save(tmp_path / "p.npy", probs), dataset)
    assert isinstance(found.probs, np.memmap) and np.array_equal(found.probs, probs)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_columns_by_class_name_matched_by_path(
    suffix: str, dataset: Dataset, probs: np.ndarray, tmp_path: Path
) -> None:
    order = np.random.default_rng(1).permutation(N)
    frame = pd.DataFrame({**named(probs), "image_id": dataset.table["image_id"]}).iloc[order][
        ["owl", "image_id", "path", "dog", "cat"]
    ]
    found = load_predictions(save(tmp_path / f"p{suffix}", frame), dataset)
    assert found.probs is not None and np.allclose(found.probs, probs)


def test_rows_are_matched_by_unique_file_names_too(dataset: Dataset, probs: np.ndarray, tmp_path: Path) -> None:
    bare = [name.rpartition("/")[2] for name in dataset.table["path"]]
    frame = pd.DataFrame({**named(probs, ("p_cat", "p_dog", "p_owl", "p_path")), "file": bare})[::-1]
    found = load_predictions(save(tmp_path / "p.csv", frame), dataset)
    assert found.probs is not None and np.allclose(found.probs, probs)


def test_rows_of_images_that_were_set_aside_are_passed_over(
    dataset: Dataset, probs: np.ndarray, tmp_path: Path
) -> None:
    ids = [*dataset.table["image_id"], "cat/broken.png"]
    arrays = {"probs": np.vstack([probs, probs[:1]]), "ids": np.array(ids)}
    notes = Notes()
    assert len(load_predictions(save(tmp_path / "p.npz", arrays), dataset, progress=notes)) == N
    assert "p.npz: 1 rows belong to no image of the data set and were passed over" in notes.told


@pytest.mark.parametrize("header", [["0", "1", "2", "3"], ["prob_0", "prob_1", "prob_2", "prob_3"], None])
def test_numbered_columns_and_no_header(
    header: list[str] | None, dataset: Dataset, probs: np.ndarray, tmp_path: Path
) -> None:
    frame = pd.DataFrame(probs, columns=header)
    frame.to_csv(tmp_path / "p.csv", index=False, header=header is not None)
    found = load_predictions(tmp_path / "p.csv", dataset)
    assert found.probs is not None and np.allclose(found.probs, probs)


def test_a_column_of_lists(dataset: Dataset, probs: np.ndarray, tmp_path: Path) -> None:
    frame = {"probs": list(probs), "embedding": list(np.ones((N, 5)))}
    found = load_predictions(save(tmp_path / "p.parquet", frame), dataset)
    assert found.probs is not None and np.allclose(found.probs, probs)
    assert found.features is not None and found.features.shape == (N, 5)


def test_feature_and_held_out_columns(dataset: Dataset, probs: np.ndarray, tmp_path: Path) -> None:
    frame = {
        **named(probs),
        "feature_1": np.arange(N),
        "feature_0": np.zeros(N),
        "held_out": [True] * (N - 1) + [False],
    }
    found = load_predictions(save(tmp_path / "p.csv", frame), dataset)
    assert found.features is not None and np.array_equal(found.features[:, 1], np.arange(N))
    assert found.held_out.tolist() == [True] * (N - 1) + [False]
    assert not load_predictions(tmp_path / "p.csv", dataset, held_out=False).held_out.any()


def test_class_names_in_the_npz_order_the_columns(dataset: Dataset, probs: np.ndarray, tmp_path: Path) -> None:
    arrays = {"probs": probs[:, ::-1], "classes": np.array(CLASSES[::-1])}
    found = load_predictions(save(tmp_path / "p.npz", arrays), dataset)
    assert found.probs is not None and np.array_equal(found.probs, probs)
    arrays["classes"] = np.array(["cat", "dog", "cow", "path"])
    with pytest.raises(BadInput, match=r"p\.npz has no column for the class 'owl'"):
        load_predictions(save(tmp_path / "p.npz", arrays), dataset)


def _top(probs: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(-probs, axis=1)[:, :k]
    return order, np.take_along_axis(probs, order, axis=1)


@pytest.mark.parametrize("names", [False, True])
@pytest.mark.parametrize("suffix", [".csv", ".npz", ".parquet"])
def test_top_k(names: bool, suffix: str, dataset: Dataset, probs: np.ndarray, tmp_path: Path) -> None:
    order, values = _top(probs, 2)
    shown = np.array(CLASSES)[order] if names else order
    columns = {"top1": shown[:, 0], "top1_prob": values[:, 0], "top2": shown[:, 1], "top2_prob": values[:, 1]}
    lists = {"top_class": list(shown), "top_prob": list(values)}
    content = {".csv": columns, ".npz": {"top_class": shown, "top_prob": values}, ".parquet": lists}[suffix]
    found = load_predictions(save(tmp_path / f"p{suffix}", content), dataset)
    assert found.probs is None and np.array_equal(found.top(2)[0], order) and np.allclose(found.top(2)[1], values)


def test_a_predicted_class_with_its_confidence(dataset: Dataset, probs: np.ndarray, tmp_path: Path) -> None:
    order, values = _top(probs, 1)
    frame = {"path": dataset.table["path"], "predicted": np.array(CLASSES)[order[:, 0]], "confidence": values[:, 0]}
    found = load_predictions(save(tmp_path / "p.csv", frame), dataset)
    assert np.array_equal(found.argmax(), order[:, 0]) and np.allclose(found.top(1)[1], values)


@pytest.mark.parametrize("name", ["a.npy", "b.npz", "c.csv", "d.csv", "e.npy"])
def test_predicted_classes_only_count_as_certain_and_that_is_said(name: str, dataset: Dataset, tmp_path: Path) -> None:
    predicted = (np.arange(N) * 3) % 4
    texts = np.array(CLASSES)[predicted]
    content = {
        "a.npy": predicted,
        "b.npz": {"argmax": texts},
        "c.csv": {"predicted": texts},
        "d.csv": {"predicted": predicted},
        "e.npy": predicted.astype(float),
    }[name]
    notes = Notes()
    found = load_predictions(save(tmp_path / name, content), dataset, progress=notes)
    assert found.top_prob is not None and (found.top_prob == 1).all() and np.array_equal(found.argmax(), predicted)
    assert any("holds predicted classes only" in note for note in notes.told)
    assert any("was taken as held-out" in note for note in notes.told)


# -- what is refused -----------------------------------------------------------------------------------------------
def test_logits_are_refused_or_converted(
    dataset: Dataset, logits: np.ndarray, probs: np.ndarray, tmp_path: Path
) -> None:
    file = save(tmp_path / "l.npy", logits)
    with pytest.raises(BadInput, match=r"l\.npy: Row 0 has values outside 0\.\.1: these look like logits"):
        load_predictions(file, dataset)
    found = load_predictions(file, dataset, convert="softmax")
    assert found.probs is not None and np.allclose(found.probs, probs, atol=1e-6)
    key = save(tmp_path / "l.npz", {"logits": logits})
    with pytest.raises(BadInput, match=r"l\.npz holds logits – wanted: probabilities .* --convert softmax"):
        load_predictions(key, dataset)
    assert np.allclose(load_predictions(key, dataset, convert="softmax").probs, probs, atol=1e-6)
    huge = load_predictions(save(tmp_path / "h.npy", logits * 1e4), dataset, convert="softmax")
    assert huge.probs is not None and np.isfinite(huge.probs).all()
    with pytest.raises(BadInput, match=r"p\.npy holds probabilities already"):
        load_predictions(save(tmp_path / "p.npy", probs), dataset, convert="softmax")


def test_counts_are_normalised_when_asked(dataset: Dataset, tmp_path: Path) -> None:
    votes = np.random.default_rng(0).integers(1, 9, (N, 4))
    file = save(tmp_path / "v.npy", votes)
    with pytest.raises(BadInput, match=r"v\.npy: Row 0"):
        load_predictions(file, dataset)
    found = load_predictions(file, dataset, convert="normalise")
    assert found.probs is not None and np.allclose(found.probs, votes / votes.sum(axis=1, keepdims=True))
    votes[5] = 0
    with pytest.raises(BadInput, match=r"v\.npy: row 5 holds only zeros"):
        load_predictions(save(file, votes), dataset, convert="normalise")
    votes[3, 1] = -1
    with pytest.raises(BadInput, match=r"v\.npy: row 3 holds a negative value"):
        load_predictions(save(file, votes), dataset, convert="normalise")


@pytest.mark.parametrize("convert", ["none", "softmax", "normalise"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_name_the_row(
    bad: float, convert: Any, dataset: Dataset, probs: np.ndarray, tmp_path: Path
) -> None:
    probs[7, 2] = bad
    with pytest.raises(BadInput, match=r"p\.npy: .*[Rr]ow 7"):
        load_predictions(save(tmp_path / "p.npy", probs), dataset, convert=convert)


def test_rows_that_do_not_sum_to_one(dataset: Dataset, probs: np.ndarray, tmp_path: Path) -> None:
    off = probs.copy()
    off[4] *= 0.9
    with pytest.raises(BadInput, match=r"p\.npy: Row 4 sums to 0\.9 .* --convert normalise"):
        load_predictions(save(tmp_path / "p.npy", off), dataset)
    slightly = probs * (1 + 5e-5)
    notes = Notes()
    found = load_predictions(save(tmp_path / "p.npy", slightly), dataset, progress=notes)
    assert found.probs is not None and np.abs(found.probs.sum(axis=1) - 1).max() < 1e-12
    assert "p.npy: 12 rows were divided by their sum (off by at most 5e-05)" in notes.told


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.npy", np.full((5, 4), 0.25), r"p\.npy has 5 rows and the data set 12 images .* image_id or path"),
        ("p.npy", np.full((N, 3), 1 / 3), r"p\.npy has the shape \(12, 3\) – wanted: \(images, 4 classes\)"),
        ("p.npy", np.full((N, 2, 2), 0.5), r"p\.npy has the shape \(12, 2, 2\)"),
        ("p.npy", np.array(["x"] * N), r"p\.npy: row 0 has the class 'x' – wanted: a number in 0\.\.3 or a class name"),
        ("p.npy", np.full(N, 0.5), r"p\.npy: row 0 has a class that is no whole number"),
        ("p.npy", np.array([0] * 11 + [4]), r"p\.npy: row 11 has the class '4'"),
        ("p.npz", {"foo": np.zeros(3)}, r"p\.npz holds the arrays foo – wanted: one called probs"),
        ("p.npz", {"top_class": np.zeros((N, 2), int)}, r"p\.npz has top_class without values"),
        (
            "p.npz",
            {"probs": np.full((N, 4), 0.25), "features": np.zeros((3, 2))},
            r"The arrays in p\.npz differ in length: probs 12, features 3",
        ),
        (
            "p.npz",
            {"top_class": np.zeros((N, 2), int), "top_prob": np.tile([0.1, 0.9], (N, 1))},
            r"p\.npz: Row 0 of the top-k values is not sorted",
        ),
        (
            "p.npz",
            {"probs": np.full((N, 4), 0.25), "features": np.full((N, 2), np.nan)},
            r"p\.npz: The features hold NaN",
        ),
        ("p.csv", {"a": [1.0] * N, "b": [0.0] * N}, r"p\.csv has the columns a, b – wanted: a column per class"),
        ("p.csv", dict.fromkeys(CLASSES[:3], [0.3] * N), r"p\.csv has no column for the class 'path'"),
        ("p.csv", dict.fromkeys(CLASSES, ["0.25"] * 11 + ["much"]), r"p\.csv: row 11 has 'much' in the column 'cat'"),
        ("p.parquet", {"probs": [[0.25] * 4] * 11 + [[1.0]]}, r"p\.parquet: row 11 of 'probs' is no list of 4 values"),
    ],
)
def test_what_is_refused(name: str, content: Any, message: str, dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=message):
        load_predictions(save(tmp_path / name, content), dataset)


def test_ids_must_be_unique_and_complete(dataset: Dataset, probs: np.ndarray, tmp_path: Path) -> None:
    ids = dataset.table["image_id"].tolist()
    with pytest.raises(BadInput, match=r"p\.csv names 'cat/img 0\.png' more than once"):
        load_predictions(save(tmp_path / "p.csv", {**named(probs), "id": [ids[0], *ids[:-1]]}), dataset)
    with pytest.raises(BadInput, match=r"p\.csv has no row for 1 images, the first being 'path/img 11\.png'"):
        load_predictions(save(tmp_path / "p.csv", {**named(probs), "id": [*ids[:-1], "other"]}), dataset)


def test_row_numbers_are_no_ids(dataset: Dataset, probs: np.ndarray, tmp_path: Path) -> None:
    found = load_predictions(save(tmp_path / "p.csv", {"id": np.arange(N), **named(probs)}), dataset)
    assert found.probs is not None and np.allclose(found.probs, probs)


def test_files_that_are_not_there_or_not_that(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(NotFoundHere, match="There is no file"):
        load_predictions(tmp_path / "p.npy", dataset)
    (tmp_path / "p.bin").write_bytes(b"1")
    with pytest.raises(BadInput, match=r"p\.bin ends in \.bin – wanted: npy, npz, csv"):
        load_predictions(tmp_path / "p.bin", dataset)
    np.save(tmp_path / "o.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(BadInput, match=r"o\.npy cannot be read: .*objects"):
        load_predictions(tmp_path / "o.npy", dataset)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=120, deadline=None)
@given(st.sampled_from([".npy", ".npz", ".csv", ".parquet"]), st.binary(max_size=120), st.booleans())
def test_any_bytes_are_refused_clearly(
    dataset: Dataset, tmp_path: Path, suffix: str, data: bytes, headed: bool
) -> None:
    head = {".npy": b"\x93NUMPY\x01\x00", ".npz": b"PK\x03\x04", ".parquet": b"PAR1", ".csv": b"cat,dog,owl,path\n"}
    (tmp_path / f"p{suffix}").write_bytes(head[suffix] * headed + data)
    with pytest.raises(UserError):
        load_predictions(tmp_path / f"p{suffix}", dataset)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4), st.booleans())
def test_any_valid_predictions_survive_a_round_trip(
    dataset: Dataset, tmp_path: Path, seed: int, k: int, shuffled: bool
) -> None:
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.full(4, 0.3), N)
    order, values = _top(probs, k)
    rows = rng.permutation(N) if shuffled else np.arange(N)
    ids = dataset.table["image_id"].to_numpy(dtype=str)[rows]
    save(tmp_path / "p.npz", {"top_class": order[rows], "top_prob": values[rows], "image_id": ids})
    found = load_predictions(tmp_path / "p.npz", dataset)
    assert isinstance(found, Predictions) and np.array_equal(found.top(k)[0], order)
