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

data = load_breast_cancer()
X_train, X_test, y_train, _ = train_test_split(
    data.data, data.target, test_size=0.25, random_state=0
)
names, classes = data.feature_names, data.target_names
movable = np.array([name.startswith("mean") for name in names])
deviation = X_train.std(axis=0)
threat = rm.ThreatModel(
    norm=1,
    bounds=(X_train.min(axis=0), X_train.max(axis=0)),
    feature_cost=np.where(movable, 1.0 / deviation, np.inf),
    clip_queries=True,
)
# distances in standard deviations too: L is diagonal
clf = rm.CertifiedKNeighborsClassifier(5, metric=np.diag(1.0 / deviation), threat=threat)
clf.fit(X_train, y_train)

# %%
# What has to change, and by how much, for three tumours.

queries = threat.admit(X_test[:3])
found = clf.minimal_perturbation(queries, time_limit=10.0)
for i, z in enumerate(queries):
    before, after = classes[found.label[i]], classes[found.adversarial_label[i]]
    print(f"tumour {i}: {before}; no change of cost below {found.lower[i]:.3f} makes it {after}")
    for j in np.flatnonzero(found.perturbation[i]):
        print(f"  {names[j]:24s} {z[j]:10.4g} -> {z[j] + found.perturbation[i, j]:10.4g}")
    print(f"  cost {found.upper[i]:.3f} ({found.status[i]})")


# %%
# The same as a picture, in standard deviations of each feature.


def draw(changes: np.ndarray) -> object:
    """Draw one panel for each tumour, with the features that change in any of them."""
    from matplotlib.figure import Figure

    shown = np.flatnonzero(changes.any(axis=0))[::-1]
    figure = Figure(figsize=(8.0, 3.4), layout="constrained")
    panels = figure.subplots(1, len(changes), sharey=True, sharex=True)
    for i, (axes, change) in enumerate(zip(panels, changes, strict=True)):
        colors = ["#d1495b" if value > 0 else "#0b6fb8" for value in change[shown]]
        axes.barh(names[shown], change[shown], color=colors)
        axes.axvline(0.0, color="#5d646d", linewidth=0.8)
        after = classes[found.adversarial_label[i]]
        axes.set_title(f"tumour {i} becomes {after}", loc="left", fontsize=9)
        axes.spines[["top", "right", "left"]].set_visible(False)
    figure.supxlabel("change in standard deviations", fontsize=9)
    return figure


if __name__ == "__main__":
    try:
        figure = draw(found.perturbation / deviation)
    except ImportError:  # without matplotlib there is the text
        pass
