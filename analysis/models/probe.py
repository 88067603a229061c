"""Linear heads on fixed features, by cross-validation: multinomial logistic regression with a chosen L2 penalty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy

from analysis.base.progress import Parts, Progress, Silent
from analysis.models.device import cpu_threads

Matrix = NDArray[np.float32]

PENALTIES = (0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)  # λ, the strongest first: each fit starts from the one before
USUAL_PENALTY = 0.03  # where there are too few images to choose
STEPS = len(PENALTIES) + 1  # units of progress a fold takes
ROUNDS, INNER_ROUNDS = 100, 40  # of L-BFGS; while λ is chosen each fit starts near its end, and need not be exact
FEWEST = 20  # images held back
SMALL_WORK = (
    1e8  # multiplications a step: below it threads spend their time waiting for each other (measured: ten-fold)
)
INNER_SHARE = 0.2  # of a fold's training images, held back while λ is chosen
INNER_ROWS = 12_000  # more images do not change which λ is best enough to pay for them
SMALLEST_SPREAD = 1e-2  # of the mean spread: below it a feature is all but constant and is not blown up


@dataclass(frozen=True)
class Head:
    """A fitted head: class probabilities of standardised features.

    `weight` holds a column per class of `present`, the classes it has seen; its last row is the bias.
    """

    mean: torch.Tensor
    spread: torch.Tensor
    weight: torch.Tensor
    present: NDArray[np.int64]
    n_train: int

    def probabilities(self, features: Matrix, n_classes: int) -> Matrix:
        """(n, K) float32; rows sum to one. A class never seen gets what add-one smoothing gives an unseen class."""
        out = np.zeros((len(features), n_classes), np.float64)
        if len(features):
            scaled = (_tensor(features, self.mean.device) - self.mean) / self.spread
            logits = (scaled @ self.weight[:-1] + self.weight[-1]).double()
            out[:, self.present] = torch.softmax(logits, dim=1).cpu().numpy()
        return with_unseen(out, self.present, self.n_train)


def with_unseen(probs: NDArray[np.float64], present: NDArray[np.int64], n_train: int) -> Matrix:
    """(n, K) float32 where each class absent from training has 1 in (n_train + absent) and the rest share the rest."""
    n_classes = probs.shape[1]
    absent = np.setdiff1d(np.arange(n_classes), present)
    if len(absent):
        share = 1.0 / (n_train + len(absent))
        probs = probs * (1.0 - share * len(absent))
        probs[:, absent] = share
    return (probs / probs.sum(axis=1, keepdims=True)).astype(np.float32)


def cross_validated(
    features: Matrix,
    given: NDArray[np.int64],
    folds: NDArray[np.int64],
    *,
    n_classes: int,
    seed: int,
    device: str = "cpu",
    parts: Parts,
    prefix: str,
    progress: Progress,
) -> Matrix:
    """Held-out probabilities (N, K) float32: each fold by a head that was fitted on the others.

    features (N, D); given (N,) in 0..K-1; folds (N,) as `stratified_folds` makes them. Scaling, penalty and weights of
    a fold all come from its training images alone. Finished folds are kept in `parts` under `prefix`.
    """
    out = np.zeros((len(given), n_classes), np.float32)
    names = np.unique(folds)
    progress.start("held-out heads", len(names) * STEPS)
    for fold in names:
        test = folds == fold
        part = parts.get(f"{prefix}_{fold}")
        if part is None:
            head = fit(features[~test], given[~test], seed=seed + int(fold), device=device, progress=progress)
            part = {"probs": head.probabilities(features[test], n_classes)}
            parts.put(f"{prefix}_{fold}", **part)
        else:
            progress.advance(STEPS)
        out[test] = part["probs"]
    return out


def fit(
    features: Matrix, given: NDArray[np.int64], *, seed: int, device: str = "cpu", progress: Progress | None = None
) -> Head:
    """Fit a head on features (n, D) and labels (n,), the penalty chosen by log loss on an inner split.

    The penalty is what keeps the probabilities calibrated where labels are wrong: log loss punishes a sure mistake.
    A temperature fitted beside it was measured on the digits: it follows the few mistakes of the inner split, and made
    the log loss worse (.023 to .036). `progress` advances by STEPS, and is asked often whether to stop.
    """
    present, labels = np.unique(given, return_inverse=True)
    with cpu_threads(1 if features.size * len(present) < SMALL_WORK else None):
        if len(present) > 1:
            X, y = _tensor(features, device), torch.from_numpy(labels.astype(np.int64)).to(device)
            return _fit(X, y, present, seed=seed, progress=progress or Silent())
        # nothing to tell apart, or nothing at all
        width = features.shape[1]
        level = torch.zeros((width + 1, len(present)), device=device)
        (progress or Silent()).advance(STEPS)
        return Head(torch.zeros(width, device=device), torch.ones(width, device=device), level, present, len(labels))


def _fit(X: torch.Tensor, y: torch.Tensor, present: NDArray[np.int64], *, seed: int, progress: Progress) -> Head:
    mean, spread = X.mean(dim=0), X.std(dim=0)
    spread = spread + SMALLEST_SPREAD * spread.mean() + 1e-12
    X = (X - mean) / spread
    penalty = _choose_penalty(X, y, len(present), seed=seed, progress=progress)
    start = torch.zeros((X.shape[1] + 1, len(present)), device=X.device)
    weight = _descend(X, y, start, penalty=penalty, rounds=ROUNDS, progress=progress)
    progress.advance()
    return Head(mean, spread, weight, present, len(y))


def _tensor(features: Matrix, device: str | torch.device) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(features, np.float32)).to(device)


def _choose_penalty(X: torch.Tensor, y: torch.Tensor, n_classes: int, *, seed: int, progress: Progress) -> float:
    """The λ with the least log loss on a fifth of the images, scaled to the size of the whole."""
    n = len(y)
    order = torch.from_numpy(np.random.default_rng([seed, 0x1AB]).permutation(n)[:INNER_ROWS]).to(X.device)
    n_held = int(len(order) * INNER_SHARE)
    held, rest = order[:n_held], order[n_held:]
    held = held[torch.isin(y[held], y[rest])]  # of a class never seen, every λ says the same
    if len(held) < FEWEST:
        progress.advance(len(PENALTIES))
        return USUAL_PENALTY
    inner, inner_y, outer, outer_y = X[rest], y[rest], X[held], y[held]
    weight = torch.zeros((X.shape[1] + 1, n_classes), device=X.device)
    best, best_loss = PENALTIES[0], float("inf")
    for tried, penalty in enumerate(PENALTIES, start=1):
        weight = _descend(inner, inner_y, weight, penalty=penalty, rounds=INNER_ROUNDS, progress=progress)
        progress.advance()
        loss = float(cross_entropy(outer @ weight[:-1] + weight[-1], outer_y))
        if loss > best_loss:  # along the path it does not come down again
            progress.advance(len(PENALTIES) - tried)
            break
        best, best_loss = penalty, loss
    return best * len(rest) / n


def _descend(
    X: torch.Tensor, y: torch.Tensor, start: torch.Tensor, *, penalty: float, rounds: int, progress: Progress
) -> torch.Tensor:
    """Minimise mean cross-entropy + λ/2 |weights|² (bias free) by L-BFGS from `start`; the weights (D + 1, K)."""
    weight = start.detach().clone().requires_grad_(True)
    optimiser = torch.optim.LBFGS(
        [weight],
        max_iter=rounds,
        history_size=10,
        tolerance_grad=1e-5,
        tolerance_change=1e-6,
        line_search_fn="strong_wolfe",
    )

    def closure() -> torch.Tensor:
        progress.advance(0)
        optimiser.zero_grad()
        loss = cross_entropy(X @ weight[:-1] + weight[-1], y) + penalty / 2 * weight[:-1].square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    return weight.detach()
