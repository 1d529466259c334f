"""Feature scaling."""

from __future__ import annotations

import numpy as np
import pytest

from robust_metric.io.scaling import Scaling


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_images_are_divided_by_255_where_they_are_asked_for(dtype: type) -> None:
    X: np.ndarray = np.array([[0, 255, 7], [0, 10, 9]], dtype=dtype)
    assert np.array_equal(Scaling.fit(X, image=True).apply(X), X / 255.0)
    # ages and hours are whole numbers up to 255, too
    assert np.array_equal(Scaling.fit(X).apply(X), [[0, 1, 0], [0, 0, 1]])
    for value in (-1.0, 256.0):
        with pytest.raises(
            ValueError, match="X must have values from 0 to 255 where it holds images"
        ):
            Scaling.fit([[value]], image=True)


def test_bytes_of_another_range_are_scaled_by_feature() -> None:
    X = np.array([[0, 100], [50, 40]], dtype=np.uint8)
    assert np.array_equal(Scaling.fit(X).apply(X), [[0, 1], [1, 0]])


def test_constant_feature_is_shifted_to_zero() -> None:
    scaling = Scaling.fit([[5.0, 1.0], [5.0, 3.0]])
    assert np.array_equal(scaling.apply([[6.0, 2.0]]), [[1.0, 0.5]])


def test_scaling_errors() -> None:
    scaling = Scaling.fit([[0.0, 1.0], [1.0, 3.0]])
    with pytest.raises(ValueError, match=r"X must have shape \(n, 2\), got \(1, 3\)"):
        scaling.apply(np.zeros((1, 3)))
    with pytest.raises(ValueError, match=r"X must have features whose range is a finite.*column 1"):
        Scaling.fit([[0.0, 1e308], [1.0, -1e308]])
    with pytest.raises(ValueError, match="scale must be positive"):
        Scaling(np.zeros(2), np.zeros(2))
    with pytest.raises(ValueError, match="offset and scale must be finite"):
        Scaling(np.full(2, np.nan), np.ones(2))
    with pytest.raises(ValueError, match=r"offset and scale must have one shape \(d,\), got"):
        Scaling(np.zeros(2), np.ones(3))
