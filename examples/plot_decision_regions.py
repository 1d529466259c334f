"""
Decision regions and certified balls
====================================

Two classes in the plane under a learned metric: what the classifier answers where, and around each test
point the ball inside which its answer is proved not to change. Nothing closer than its edge changes the
class; where the ball touches the boundary, the radius cannot be improved.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import EllipseCollection
from sklearn.datasets import make_moons

import robust_metric as rm

X, y = make_moons(260, noise=0.18, random_state=3)
X_train, y_train, X_test, y_test = X[:200], y[:200], X[200:], y[200:]
clf = rm.CertifiedKNeighborsClassifier(n_neighbors=5, metric=rm.ARML(random_state=0))
clf.fit(X_train, y_train)

# %%
# The radii, with the true classes: a misclassified point has radius 0.

radius = clf.certify(X_test, y_test).radius
print(f"{(radius == 0).mean():.0%} wrong, median radius {np.median(radius):.2f}")

# %%
# And the picture.

low, high = X.min(axis=0) - 0.4, X.max(axis=0) + 0.4
across, up = np.meshgrid(np.linspace(low[0], high[0], 400), np.linspace(low[1], high[1], 300))
region = clf.predict(np.c_[across.ravel(), up.ravel()]).reshape(across.shape)

fig, ax = plt.subplots(figsize=(8, 5.2))
ax.contourf(across, up, region, levels=[-0.5, 0.5, 1.5], colors=["#dbe9f6", "#fbe3d6"])
ax.scatter(*X_train.T, c=np.where(y_train == 0, "#4c78a8", "#e45756"), s=8)
balls = EllipseCollection(
    2 * radius,
    2 * radius,
    np.zeros(len(radius)),
    units="xy",
    offsets=X_test,
    transOffset=ax.transData,
    facecolor="none",
    edgecolor="#333333",
    linewidth=0.8,
)
ax.add_collection(balls)
ax.scatter(*X_test.T, marker="+", c="#333333", s=22, linewidth=0.9)
ax.set_aspect("equal")
ax.set_title("Certified balls of 5-NN predictions")
fig.tight_layout()
plt.show()
