"""Make metric_learn_values.npz: what metric-learn 0.7.0 learns on small data sets.

metric-learn 0.7.0 does not run on a current scikit-learn, so this is run once, elsewhere::

    python3.11 -m venv old && old/bin/pip install "numpy<2" "scikit-learn==1.4.2" "metric-learn==0.7.0"
    old/bin/python tests/learners/baselines/make_metric_learn_values.py

Data, pairs and parameters are stored with the results, so that the tests draw nothing themselves.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import metric_learn
import numpy as np
from sklearn.datasets import load_iris, load_wine
from sklearn.preprocessing import minmax_scale

VALUES = Path(__file__).with_name("metric_learn_values.npz")


def data_sets() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    wine, wine_labels = load_wine(return_X_y=True)
    # a fifth of the last digit: iris has equal points and equal distances, whose order is arbitrary
    iris, iris_labels = load_iris(return_X_y=True)
    iris = iris + np.random.default_rng(0).uniform(-0.02, 0.02, size=iris.shape)
    return {"iris": (iris, iris_labels), "wine": (minmax_scale(wine), wine_labels)}


def by_rows(values: np.ndarray, k: int, axis: int) -> np.ndarray:
    """np.partition along rows, whatever axis says."""
    del axis
    return np.partition(values, k, axis=1)


def paper_lfda(**parameters: object) -> metric_learn.LFDA:
    """LFDA whose scales are distances of k-th neighbours, as in the paper.

    As published, it sorts columns and then reads one column, which is no point's k-th distance.
    """
    numpy = {name: getattr(np, name) for name in dir(np) if not name.startswith("__")}
    metric_learn.lfda.np = SimpleNamespace(**{**numpy, "partition": by_rows})
    return metric_learn.LFDA(**parameters)


def pairs_of(X: np.ndarray, y: np.ndarray, count: int = 150) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(1)
    rows = random.integers(len(X), size=(count, 2))
    rows = rows[rows[:, 0] != rows[:, 1]]
    kinds = np.where(y[rows[:, 0]] == y[rows[:, 1]], 1, -1)
    return X[rows], kinds


def main() -> None:
    values: dict[str, np.ndarray] = {}
    for name, (X, y) in data_sets().items():
        values[f"{name}_X"], values[f"{name}_y"] = X, y
        for rate, steps in ((1e-7, 60), (1e-3, 200)):
            lmnn = metric_learn.LMNN(n_neighbors=3, learn_rate=rate, max_iter=steps).fit(X, y)
            values[f"{name}_lmnn_{rate:g}"] = lmnn.components_
            values[f"{name}_lmnn_{rate:g}_steps"] = np.array([steps, lmnn.n_iter_])
        low_rank = metric_learn.LMNN(
            n_neighbors=2, n_components=3, learn_rate=1e-4, max_iter=100, regularization=0.3
        ).fit(X, y)
        values[f"{name}_lmnn_rank3"] = low_rank.components_
        pairs, kinds = pairs_of(X, y)
        values[f"{name}_pairs"], values[f"{name}_kinds"] = pairs, kinds
        for prior in ("identity", "covariance"):
            for gamma in (0.1, 1.0):
                itml = metric_learn.ITML(gamma=gamma, prior=prior).fit(pairs, kinds)
                key = f"{name}_itml_{prior}_{gamma:g}"
                values[key] = itml.get_mahalanobis_matrix()
                values[f"{key}_bounds"] = itml.bounds_
                values[f"{key}_sweeps"] = np.array(itml.n_iter_ + 1)
        for embedding in ("weighted", "orthonormalized", "plain"):
            for k in (None, 3):
                lfda = paper_lfda(k=k, n_components=3, embedding_type=embedding).fit(X, y)
                values[f"{name}_lfda_{embedding}_{k}"] = lfda.get_mahalanobis_matrix()
    np.savez_compressed(VALUES, **values)


if __name__ == "__main__":
    main()
