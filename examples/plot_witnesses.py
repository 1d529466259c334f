"""
Digits and their witnesses
==========================

The minimal perturbation of a 1-NN prediction is returned with a witness: an input that is predicted
differently. No image closer than it, up to the width of the interval, changes the class.
"""

import numpy as np

import robust_metric as rm
from robust_metric import plotting, results

X_train, X_test, y_train, y_test = rm.datasets.load("digits")
clf = rm.CertifiedKNeighborsClassifier(n_neighbors=1, metric=rm.ARML(random_state=0))
clf.fit(X_train, y_train)
found = clf.minimal_perturbation(X_test[:8])
print(f"widest interval: {np.max(found.upper - found.lower):.1e}")

# %%
# Each digit, the change, and the witness.

figure = plotting.plot_witnesses(
    X_test[:8],
    X_test[:8] + found.perturbation,
    found.label,
    found.adversarial_label,
    (8, 8),
    sizes=found.upper,
)

# %%
# How many predictions survive how much: certified robust error, under the Euclidean and the learned metric.

euclidean = rm.CertifiedKNeighborsClassifier(n_neighbors=1).fit(X_train, y_train)
curves = []
for name, model in (("Euclidean", euclidean), ("ARML", clf)):
    certificates = model.certify(X_test, y_test)
    clean = float((certificates.label != y_test).mean())
    curves.append(results.RobustErrorCurve(name, 1, "bound", certificates.radius, clean))
figure = plotting.plot_robust_error(curves).figure
