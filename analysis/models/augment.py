"""Light, seeded changes to training images: shifted, zoomed and mirrored a little, all at once on the device."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional


@dataclass(frozen=True)
class Augment:
    """How much images are changed. `shift`: share of a side; `zoom`: share of the scale; `flip`: mirror half of them.

    Digits and letters are never mirrored: it would make other characters of them.
    """

    shift: float = 0.1
    zoom: float = 0.0
    flip: bool = False

    def __call__(self, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Changed copies of images (n, C, S, S), bytes or floats; floats. `generator` is on the CPU."""
        n, side = len(images), images.shape[-1]
        draw = torch.rand((n, 4), generator=generator)
        # whole pixels, so that an image that is only shifted is not blurred
        shift = ((draw[:, :2] * 2 - 1) * self.shift * side).round() * 2 / side
        scale = 1 + (draw[:, 2] * 2 - 1) * self.zoom
        mirror = torch.where(draw[:, 3] < 0.5, -1.0, 1.0) if self.flip else torch.ones(n)
        matrix = torch.zeros((n, 2, 3))
        matrix[:, 0, 0], matrix[:, 1, 1] = scale * mirror, scale
        matrix[:, :, 2] = shift
        grid = functional.affine_grid(matrix.to(images.device), list(images.shape), align_corners=False)
        return functional.grid_sample(images.float(), grid, padding_mode="reflection", align_corners=False)
