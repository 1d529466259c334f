"""
Counterfactuals of a diagnosis
==============================

The smallest change to some features, within their ranges, that changes the class.

Breast cancer data of scikit-learn: 30 features of a tumour, of which the ten means may change and the
other twenty are frozen. A change of one standard deviation of the training data costs 1, and costs of
features add up (p = 1), so that few features change. ``python examples/counterfactuals.py`` prints the same.
"""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

import robust_metric as rm


def main() -> None:
    """Print what has to change, and by how much, for three tumours."""
    data = load_breast_cancer()
    X_train, X_test, y_train, _ = train_test_split(
        data.data, data.target, test_size=0.25, random_state=0
    )
    names, classes = data.feature_names, data.target_names
    movable = np.array([name.startswith("mean") for name in names])
    cost = np.where(movable, 1.0 / X_train.std(axis=0), np.inf)
    threat = rm.ThreatModel(
        norm=1,
        bounds=(X_train.min(axis=0), X_train.max(axis=0)),
        feature_cost=cost,
        clip_queries=True,
    )
    # distances in standard deviations too: L is diagonal
    L = np.diag(1.0 / X_train.std(axis=0))
    clf = rm.CertifiedKNeighborsClassifier(5, metric=L, threat=threat).fit(X_train, y_train)
    queries = threat.admit(X_test[:3])
    found = clf.minimal_perturbation(queries, time_limit=10.0)
    for i, z in enumerate(queries):
        before, after = classes[found.label[i]], classes[found.adversarial_label[i]]
        print(
            f"tumour {i}: {before}; no change of cost below {found.lower[i]:.3f} makes it {after}"
        )
        for j in np.flatnonzero(found.perturbation[i]):
            print(f"  {names[j]:24s} {z[j]:10.4g} -> {z[j] + found.perturbation[i, j]:10.4g}")
        print(f"  cost {found.upper[i]:.3f} ({found.status[i]})")


if __name__ == "__main__":
    main()
