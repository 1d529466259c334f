"""A small convolutional network with randomized smoothing (Cohen, Rosenfeld, Kolter, ICML 2019).

The smoothed classifier gives the class that the network gives most often to the image with normal
noise of standard deviation sigma added. If that class has probability p > 1/2, no perturbation of
Euclidean norm below sigma Φ⁻¹(p) changes it (theorem 1 of the paper, in real arithmetic). p is only
sampled: with N draws, its Clopper-Pearson lower limit at confidence 1 - alpha takes its place, so that
each certificate is wrong with probability at most alpha, and none exceeds sigma Φ⁻¹(alpha^(1/N)).
"""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.stats import beta, norm
from torch import nn

_BATCH = 1000  # noisy copies that go through the network at once


def convolutional() -> nn.Sequential:
    """Two strided convolutions and two dense layers, for 28 × 28 images."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, stride=2),
        nn.ReLU(),
        nn.Conv2d(16, 32, 5, stride=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32 * 4 * 4, 100),
        nn.ReLU(),
        nn.Linear(100, 10),
    )


def images(X: np.ndarray) -> torch.Tensor:
    """(n, 1, side, side) float32."""
    side = math.isqrt(X.shape[1])
    return torch.as_tensor(X, dtype=torch.float32).reshape(-1, 1, side, side)


def train(X: np.ndarray, y: np.ndarray, sigma: float, epochs: int, seed: int = 0) -> nn.Sequential:
    """Fit to images with fresh noise in every epoch, as the paper does."""
    torch.manual_seed(seed)
    network = convolutional()
    inputs, labels = images(X), torch.as_tensor(y, dtype=torch.int64)
    optimizer = torch.optim.Adam(network.parameters(), 2e-3)
    steps = epochs * (len(X) // 128)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps + 1)
    for _ in range(epochs):
        order = torch.randperm(len(X))
        for start in range(0, len(X) - 127, 128):
            rows = order[start : start + 128]
            noisy = inputs[rows] + sigma * torch.randn_like(inputs[rows])
            loss = nn.functional.cross_entropy(network(noisy), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return network.eval()


@torch.inference_mode()
def certified_radii(
    network: nn.Sequential,
    X: np.ndarray,
    y: np.ndarray,
    sigma: float,
    samples: int,
    alpha: float,
    seed: int = 0,
) -> np.ndarray:
    """Radii (m,) that hold with probability 1 - alpha each; 0 where wrong, or where it abstains."""
    generator = torch.Generator().manual_seed(seed)
    radii = np.zeros(len(X))
    for i, image in enumerate(images(X)):
        guess = int(
            _votes(network, image, sigma, 100, generator).argmax()
        )  # other draws than below
        if guess != y[i]:
            continue
        wins = int(_votes(network, image, sigma, samples, generator)[guess])
        lowest = beta.ppf(alpha, wins, samples - wins + 1) if wins else 0.0
        radii[i] = max(0.0, sigma * float(norm.ppf(lowest)))
    return radii


def _votes(
    network: nn.Sequential,
    image: torch.Tensor,
    sigma: float,
    count: int,
    generator: torch.Generator,
) -> torch.Tensor:
    """How often each of the 10 classes is given to noisy copies."""
    votes = torch.zeros(10, dtype=torch.int64)
    while count > 0:
        size = min(count, _BATCH)
        noise = torch.randn((size, *image.shape), generator=generator)
        classes = network(image + sigma * noise).argmax(dim=1)
        votes += torch.bincount(classes, minlength=10)
        count -= size
    return votes
