"""What all tests of the models share."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _only_with_a_gpu(request: pytest.FixtureRequest) -> None:
    """Skip tests marked `gpu` where there is none."""
    if request.node.get_closest_marker("gpu") is None:
        return
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
