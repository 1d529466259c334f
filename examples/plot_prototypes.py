"""
Learned prototypes
==================

A nearest-neighbour rule on a few learned points of each class, which can be looked at: what they cost and
what they certify beside 1-NN on all training points. MNIST is drawn too where ``ROBUST_METRIC_DATA`` names
a folder that holds ``mnist.npz``.
"""

import math
import os
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import robust_metric as rm

PER_CLASS = 8
sets = {"digits": ("digits", np.linspace(0.0, 1.25, 6), 0.15)}
mnist = Path(os.environ.get("ROBUST_METRIC_DATA", "")) / "mnist.npz"
if mnist.is_file():
    sets["MNIST"] = (str(mnist), np.linspace(0.0, 2.5, 6), 0.3)

# %%
# Fitting both rules. The prototypes see normal noise on their training points (``augment``), which keeps them
# from following single points. Errors are over 500 test points, at exact radii.


def noisy(size):
    """Return a transformation that adds normal noise of a standard deviation."""
    return lambda X, random_state: X + size * random_state.normal(size=X.shape)


fitted = {}
for name, (source, radii, noise) in sets.items():
    X, X_test, y, y_test = rm.datasets.load(source)
    chosen = np.random.default_rng(0).permutation(len(X_test))[:500]
    fitted[name] = rm.CertifiedPrototypeClassifier(PER_CLASS, max_iter=500, augment=noisy(noise))
    everything = rm.CertifiedKNeighborsClassifier(n_neighbors=1)
    print(f"{name}: {len(X)} points; mean certified error over radii {radii}")
    for clf in (everything, fitted[name]):
        start = time.perf_counter()
        clf.fit(X, y)
        between = time.perf_counter()
        error = clf.minimal_perturbation(X_test[chosen], y_test[chosen]).robust_error(radii)
        print(
            f"  {clf.n_samples_fit_:6d} points  clean {error[0]:.3f}  mean {error.mean():.3f}  "
            f"fit {between - start:.1f} s  certify {time.perf_counter() - between:.2f} s"
        )

# %%
# The prototypes, a row for each class. They are no averages: training moves them to where the half-spaces
# between neighbouring prototypes of different classes are far from the data.

fig, axes = plt.subplots(1, len(fitted), figsize=(4 * len(fitted), 5), squeeze=False)
for ax, (name, clf) in zip(axes[0], fitted.items(), strict=True):
    side = math.isqrt(clf.n_features_in_)
    canvas = np.full((len(clf.classes_) * (side + 1), PER_CLASS * (side + 1)), np.nan)
    for i, label in enumerate(clf.classes_):
        for j, prototype in enumerate(clf.prototypes_[clf.prototype_labels_ == label]):
            top, left = i * (side + 1), j * (side + 1)
            canvas[top : top + side, left : left + side] = prototype.reshape(side, side)
    ax.imshow(canvas, cmap="gray_r", vmin=0.0, vmax=1.0, interpolation="nearest")
    ax.set_title(f"{name}: {PER_CLASS} prototypes a class")
    ax.axis("off")
fig.tight_layout()
plt.show()

# %%
# Larger target radii buy certified error with clean error. The mean certified error over a data set's radii
# against the clean error, for numbers of prototypes of a class and target radii (the labels of points); the
# star is 1-NN under ARML on all training points. The command is given in :doc:`/prototypes`.
#
# .. image:: /figures/prototypes_tradeoff.svg
#    :alt: mean certified error over clean error, for numbers of prototypes and target radii
