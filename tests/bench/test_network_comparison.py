"""The rivals of bench/network_comparison.py: their radii are what their papers say."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason='needs the extra "networks"')
sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

import lipschitz_network  # noqa: E402
import smoothed_network  # noqa: E402


@pytest.fixture(scope="module")
def stripes() -> tuple[np.ndarray, np.ndarray]:
    """Images (200, 784) with a bright upper (class 0) or lower (class 1) half."""
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=600)
    X = 0.3 * rng.random((600, 28, 28))
    X[y == 0, :14] += 0.3
    X[y == 1, 14:] += 0.3
    return X.reshape(600, -1), y


def test_smoothed_radii(stripes: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = stripes
    network = smoothed_network.train(X, y, sigma=0.5, epochs=2)
    radii = smoothed_network.certified_radii(network, X[:8], y[:8], 0.5, samples=100, alpha=0.01)
    largest = 0.5 * 1.7  # Φ⁻¹(0.01 ** (1 / 100)) is 1.697
    assert (radii <= largest).all() and radii.max() > 0.8 * largest
    other = smoothed_network.certified_radii(network, X[:8], 1 - y[:8], 0.5, 100, 0.01)
    assert not ((radii > 0.0) & (other > 0.0)).any()


def test_lipschitz_radii_are_not_broken_by_gradients(
    stripes: tuple[np.ndarray, np.ndarray],
) -> None:
    X, y = stripes
    network = lipschitz_network.train(X, y, target=2.0, epochs=8)
    for weight in network.hidden:
        assert torch.linalg.matrix_norm(weight.detach(), 2).item() == pytest.approx(1.0, abs=1e-4)
    radii = lipschitz_network.certified_radii(network, X[:20], y[:20])
    assert np.median(radii) > 0.1
    start, labels = torch.tensor(X[:20], dtype=torch.float32), torch.tensor(y[:20])
    moved, reach = start.clone(), torch.tensor(0.999 * radii, dtype=torch.float32)[:, None]
    for _ in range(20):
        moved.requires_grad_(True)
        loss = torch.nn.functional.cross_entropy(network(moved), labels, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, moved)
        step = moved.detach() + 0.3 * reach * gradient / gradient.norm(dim=1, keepdim=True) - start
        moved = start + step * (reach / step.norm(dim=1, keepdim=True)).clamp_max(1.0)
    kept = network(moved).detach().argmax(dim=1).numpy() == y[:20]
    assert kept[radii > 0.0].all()
