"""A dense network of orthogonal layers, certified by its global Lipschitz bound.

Layers are kept orthogonal by steps of Björck's iteration and alternate with GroupSort in pairs, which
leaves gradients as long as they are (Anil, Lucas, Grosse, "Sorting out Lipschitz function approximation",
ICML 2019). With outputs f_j = w_j · h(x) + b_j and h of Lipschitz constant s, the prediction c cannot
change within min over j of (f_c - f_j) / (s ‖w_c - w_j‖) in the Euclidean norm (the pairwise bound of
Leino, Wang, Fredrikson, "Globally-robust neural networks", ICML 2021).
Here s is the product of the layers' largest singular values, computed in float64 by LAPACK.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import nn

_WIDTHS = (256, 256, 128)
_LEARNING_RATE = (
    5e-4  # small enough that a step leaves singular values where the iteration converges
)


@torch.no_grad()
def orthogonalise(weights: nn.ParameterList, iterations: int) -> None:
    """Björck's iteration towards the nearest matrices with orthonormal rows, in place."""
    for weight in weights:
        for _ in range(iterations):
            weight.copy_(1.5 * weight - 0.5 * (weight @ weight.T) @ weight)


class LipschitzNetwork(nn.Module):
    """Dense layers of the given widths, each orthogonal, and a plain last one."""

    def __init__(self, widths: tuple[int, ...], classes: int = 10) -> None:
        super().__init__()
        self.hidden = nn.ParameterList(
            nn.init.orthogonal_(torch.empty(b, a)) for a, b in pairwise(widths)
        )
        self.offsets = nn.ParameterList(torch.zeros(width) for width in widths[1:])
        self.last = nn.Linear(widths[-1], classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for weight, offset in zip(self.hidden, self.offsets, strict=True):
            x = x @ weight.T + offset
            pairs = x.reshape(len(x), -1, 2)
            x = torch.cat([pairs.amin(dim=2), pairs.amax(dim=2)], dim=1)
        return self.last(x)


def bounds(
    outputs: torch.Tensor, last: torch.Tensor, labels: torch.Tensor, lipschitz: float
) -> torch.Tensor:
    """(m,) distance to the decision boundary that the Lipschitz bound proves; negative where wrong."""
    norms = lipschitz * torch.cdist(last, last)[labels]
    own = outputs.gather(1, labels[:, None])
    quotients = (own - outputs) / norms.clamp_min(1e-12)
    others = nn.functional.one_hot(labels, outputs.shape[1]) == 0
    return quotients.masked_fill(~others, torch.inf).amin(dim=1)


def train(
    X: np.ndarray, y: np.ndarray, target: float, epochs: int, seed: int = 0
) -> LipschitzNetwork:
    """Fit by the hinge loss of prototypes: what a bound falls short of the target radius."""
    torch.manual_seed(seed)
    network = LipschitzNetwork((X.shape[1], *_WIDTHS))
    inputs = torch.as_tensor(X, dtype=torch.float32)
    labels = torch.as_tensor(y, dtype=torch.int64)
    optimizer = torch.optim.Adam(network.parameters(), _LEARNING_RATE)
    steps = epochs * (len(X) // 256)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _LEARNING_RATE, total_steps=steps + 1)
    for _ in range(epochs):
        order = torch.randperm(len(X))
        for start in range(0, len(X) - 255, 256):
            rows = order[start : start + 256]
            outputs = network(inputs[rows])
            found = bounds(outputs, network.last.weight, labels[rows], 1.0)
            loss = (target - found).clamp_min(0.0).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            orthogonalise(network.hidden, 2)
    orthogonalise(network.hidden, 10)
    return network.eval()


@torch.inference_mode()
def certified_radii(network: LipschitzNetwork, X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Radii (m,) float64, 0 where wrong; the rounding of the network's own evaluation is not counted."""
    norms = [float(torch.linalg.matrix_norm(w.double(), 2)) for w in network.hidden]
    lipschitz = float(np.prod(norms))
    outputs = network(torch.as_tensor(X, dtype=torch.float32)).double()
    labels = torch.as_tensor(y, dtype=torch.int64)
    found = bounds(outputs, network.last.weight.double(), labels, lipschitz)
    return found.clamp_min(0.0).numpy()
