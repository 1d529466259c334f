"""
Decision regions and certified balls
====================================

Two classes in the plane under a learned metric: what the classifier answers where, and around each test
point the ball inside which its answer is proved not to change. Nothing closer than its edge changes the
class; where the ball touches the boundary, the radius cannot be improved.
"""

import numpy as np
from sklearn.datasets import make_moons

import robust_metric as rm
from robust_metric import plotting, results

X, y = make_moons(260, noise=0.18, random_state=3)
X_train, y_train, X_test, y_test = X[:200], y[:200], X[200:], y[200:]
clf = rm.CertifiedKNeighborsClassifier(n_neighbors=5, metric=rm.ARML(random_state=0))
clf.fit(X_train, y_train)

# %%
# The radii, with the true classes: a misclassified point has radius 0.

radius = clf.certify(X_test, y_test).radius
print(f"{(radius == 0).mean():.0%} wrong, median radius {np.median(radius):.2f}")

# %%
# And the picture. Dots are training points, crosses test points; one without a ball is misclassified.

figure = plotting.plot_decision_regions(clf, X_test, y_test).figure

# %%
# What is inside depends on what counts as small. Here a change of the second feature costs twice as much,
# costs add up, and no input leaves a box around the data: balls are diamonds, cut off at its edges.

clf.set_params(
    threat=rm.ThreatModel(
        norm=1, feature_cost=[1.0, 2.0], bounds=([-1.5, -1.0], [2.5, 1.5]), clip_queries=True
    )
)
figure = plotting.plot_decision_regions(
    clf, X_test, y_test, title="Certified balls of another threat model"
).figure

# %%
# How the radii are spread, in a histogram for the learned and the Euclidean metric.

curves = []
clf.set_params(threat=None)
plain = rm.CertifiedKNeighborsClassifier(n_neighbors=5).fit(X_train, y_train)
for name, model in (("Euclidean", plain), ("ARML", clf)):
    radius, error = model.certify(X_test, y_test).radius, 1.0 - model.score(X_test, y_test)
    curves.append(results.RobustErrorCurve(name, 5, "bound", radius, error))
figure = plotting.plot_radii(curves).figure
