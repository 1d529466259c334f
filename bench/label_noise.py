"""Find planted label noise on digits by the certificates of held-out points.

Usage: python bench/label_noise.py [--share 0.05] [--seed 0] [--folds 10]

Labels of a share of the training points are replaced by another class. Every training point is
certified by a classifier fitted on the other folds. Three scores, larger being more suspect, each judged
at as many points as were planted (so that precision and recall agree) and by its area under the ROC
curve:

  contradicted  the certified radius of the held-out prediction where it is not the given label, minus
                that radius where it is
  deciding      how often the point is the other-class point that decides a held-out radius; small radii
                count for more
  both          contradicted, by rank, plus deciding, by rank
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy.stats import rankdata
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

import robust_metric as rm
from robust_metric import deciding_points


def main() -> None:
    """Print precision at the number planted and the area under the curve, for each K."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--share", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folds", type=int, default=10)
    args = parser.parse_args()
    X, _, y, _ = rm.datasets.load("digits")
    rng = np.random.default_rng(args.seed)
    planted = rng.choice(len(y), int(args.share * len(y)), replace=False)
    noisy = y.copy()
    noisy[planted] = (y[planted] + rng.integers(1, 10, len(planted))) % 10
    wrong = np.isin(np.arange(len(y)), planted)
    print(f"{len(planted)} of {len(y)} labels are wrong")
    for k in (1, 3, 5, 11):
        contradicted, deciding = scores(X, noisy, k, args.folds, args.seed)
        both = rankdata(contradicted) + rankdata(deciding)
        for name, score in (("contradicted", contradicted), ("deciding", deciding), ("both", both)):
            suspects = np.argsort(-score, kind="stable")[: len(planted)]
            print(
                f"K = {k:2d}  {name:12s}  precision = recall {wrong[suspects].mean():.3f}"
                f"  area under ROC {roc_auc_score(wrong, score):.4f}"
            )


def scores(
    X: np.ndarray, y: np.ndarray, k: int, folds: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the first two scores of each point, from classifiers that did not see it."""
    contradicted, deciding = np.zeros(len(y)), np.zeros(len(y))
    for train, test in StratifiedKFold(folds, shuffle=True, random_state=seed).split(X, y):
        clf = rm.CertifiedKNeighborsClassifier(k).fit(X[train], y[train])
        found = deciding_points(clf, X[test])
        contradicted[test] = np.where(clf.predict(X[test]) == y[test], -1.0, 1.0) * found.radius
        named = found.other >= 0
        scale = np.median(found.radius[named])
        weight = 1.0 / (1.0 + found.radius[named] / scale)
        np.add.at(deciding, train[found.other[named]], weight)
    return contradicted, deciding


if __name__ == "__main__":
    main()
