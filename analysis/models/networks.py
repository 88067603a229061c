"""Small networks for small images, trained from scratch: LeNet, an AlexNet and ResNets for about 32 pixels.

All take (n, 3, S, S) floats, S a multiple of 8 and at least 24, and give (n, K) logits; the last layer is linear.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional


class LeNet(nn.Module):
    """LeNet-5 with ReLU and max pooling: 61 thousand weights at 32 px. [LeCun98b]"""

    def __init__(self, n_classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.pool = nn.AdaptiveAvgPool2d(5)
        self.hidden1 = nn.Linear(16 * 5 * 5, 120)
        self.hidden2 = nn.Linear(120, 84)
        self.linear = nn.Linear(84, n_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits (n, K)."""
        x = functional.max_pool2d(functional.relu(self.conv1(x)), 2)
        x = self.pool(functional.max_pool2d(functional.relu(self.conv2(x)), 2)).flatten(1)
        x = functional.relu(self.hidden2(functional.relu(self.hidden1(x))))
        logits: torch.Tensor = self.linear(x)
        return logits


class SmallAlexNet(nn.Module):
    """AlexNet's five convolutions and its dropout, scaled to images of 28 to 32 px. [Krizhevsky12]"""

    def __init__(self, n_classes: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 5, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(2),
            nn.Conv2d(64, 128, 5, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(2),
            nn.Conv2d(128, 192, 3, padding=1), nn.ReLU(inplace=True),
            nn.Conv2d(192, 128, 3, padding=1), nn.ReLU(inplace=True),
            nn.Conv2d(128, 128, 3, padding=1), nn.ReLU(inplace=True), nn.AdaptiveMaxPool2d(4),
        )  # fmt: skip
        self.hidden = nn.Sequential(
            nn.Dropout(0.5), nn.Linear(128 * 4 * 4, 256), nn.ReLU(inplace=True), nn.Dropout(0.5)
        )
        self.linear = nn.Linear(256, n_classes)
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)) and module is not self.linear:
                # without batch normalisation the default scale lets the signal die out over eight layers
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits (n, K)."""
        logits: torch.Tensor = self.linear(self.hidden(self.features(x).flatten(1)))
        return logits


class Block(nn.Module):
    """Two 3 × 3 convolutions beside a shortcut without weights: every second pixel, new channels zero ("option A")."""

    def __init__(self, width_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width_in, width, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.stride = stride
        self.grown = width - width_in

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The block's output (n, width, S / stride, S / stride)."""
        out = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x)))))
        if self.stride > 1 or self.grown:
            x = functional.pad(
                x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.grown // 2, self.grown - self.grown // 2)
            )
        return functional.relu(out + x)


class SmallResNet(nn.Module):
    """The ResNet of 6n + 2 layers for images of about 32 px: 16, 32 and 64 channels. [He16 4.2]"""

    def __init__(self, n_classes: int, depth: int) -> None:
        super().__init__()
        n = (depth - 2) // 6
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = _stage(16, 16, n, stride=1)
        self.layer2 = _stage(16, 32, n, stride=2)
        self.layer3 = _stage(32, 64, n, stride=2)
        self.linear = nn.Linear(64, n_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits (n, K)."""
        x = functional.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x))).mean(dim=(2, 3))
        logits: torch.Tensor = self.linear(x)
        return logits


def _stage(width_in: int, width: int, n: int, *, stride: int) -> nn.Sequential:
    first = Block(width_in, width, stride)
    return nn.Sequential(first, *(Block(width, width, 1) for _ in range(n - 1)))


SMALL: dict[str, Callable[[int], nn.Module]] = {
    "lenet": LeNet,
    "alexnet_small": SmallAlexNet,
    "resnet20": lambda n_classes: SmallResNet(n_classes, 20),
    "resnet32": lambda n_classes: SmallResNet(n_classes, 32),
    "resnet56": lambda n_classes: SmallResNet(n_classes, 56),
}
SIDES = (32, 64)  # what images are brought to: the next that is not smaller, 64 at most


def side_for(longer_side: int) -> int:
    """The input side in pixels for images whose longer side has so many: 8 × 8 digits are enlarged to 32."""
    return next((side for side in SIDES if longer_side <= side + 8), SIDES[-1])
