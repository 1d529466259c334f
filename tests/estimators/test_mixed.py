"""Tables of numbers and categories: radii over both hold, and are those of every choice looked at."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler

import robust_metric as rm
from robust_metric.estimators.category_choices import combined

pd = pytest.importorskip("pandas")

JOBS, CITIES, SIZES = ["cook", "nurse", "smith"], ["Rome", "Oslo"], [1, 2, 3, 4]


def table(seed: int = 0, n: int = 40) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "age": rng.integers(18, 70, n),
            "job": rng.choice(JOBS, n),
            "pay": rng.normal(size=n) * 100.0,
            "city": rng.choice(CITIES, n),
            "size": rng.choice(SIZES, n),
        }
    )
    y = (X["age"] > 45).astype(int) + (X["job"] == "nurse") * (X["city"] == "Oslo")
    return X, np.r_[0, 1, 2, y.to_numpy()[3:]]


def encoders(kind: str) -> Any:
    scaled = make_pipeline(SimpleImputer(), StandardScaler())
    named = OneHotEncoder(sparse_output=False)
    if kind == "plain":
        parts = [("numbers", scaled, ["age", "pay"]), ("names", named, ["job", "city"])]
        return ColumnTransformer(parts)
    if kind == "weights":
        parts = [("names", named, ["job", "city"]), ("numbers", scaled, ["pay"])]
        parts += [("age", "passthrough", ["age"]), ("size", OrdinalEncoder(), ["size"])]
        weights = {"names": 0.5, "numbers": 2.0, "size": 0.25}
        return ColumnTransformer(parts, transformer_weights=weights)
    filled = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(drop="first"))
    return ColumnTransformer(
        [("names", filled, [1, 3])], remainder=MinMaxScaler(), sparse_threshold=0.0
    )


def folded(
    kind: str, seed: int = 0, k: int = 3, norm: float = 2, cost: Any = 1.0, steps: Any = ()
) -> tuple[Any, Any, Any]:
    X, y = table(seed)
    last = rm.CertifiedKNeighborsClassifier(k, n_jobs=1)
    pipeline = make_pipeline(encoders(kind), *steps, last).fit(X, y)
    threat = rm.ThreatModel(norm, feature_cost={"age": 0.1, "pay": 0.01})
    return rm.fold_mixed(pipeline, X, y, category_cost=cost, threat=threat), pipeline, X


@pytest.mark.parametrize("kind", ["plain", "weights", "dropped"])
@pytest.mark.parametrize("steps", [(), (MinMaxScaler(), PCA(3, whiten=True))])
def test_predictions_are_those_of_the_pipeline(kind: str, steps: Any) -> None:
    clf, pipeline, X = folded(kind, steps=steps)
    Z, _ = table(7, 60)
    assert (
        clf.predict(Z) == pipeline.predict(Z)
    ).mean() > 0.98  # but for ties, which rounding decides
    assert (clf.predict(X) == pipeline.predict(X)).mean() > 0.98
    assert clf.score(Z, pipeline.predict(Z)) > 0.98


def all_choices(clf: Any, X: Any, i: int, norm: float, costs: dict[str, float]) -> float:
    """The radius of a row from every choice of its categories, certified one by one."""
    label = clf.predict(X.iloc[[i]])[0]
    values: dict[str, Any] = {"job": JOBS, "city": CITIES, "size": SIZES}
    columns = list(clf.category_columns_)
    best = np.inf
    for chosen in itertools.product(*(values[c] for c in columns)):
        row = X.iloc[[i]].copy()
        changed = [c for c, v in zip(columns, chosen, strict=True) if row[c].iloc[0] != v]
        for c, v in zip(columns, chosen, strict=True):
            row[c] = v
        points = clf._layout.points(clf._layout.columns_of(row))
        found = clf.base_.certify(points)
        length = float(found.radius[0]) if found.label[0] == label else 0.0
        terms = [costs[c] for c in changed] + [length]
        if math.inf in terms:
            continue
        total = np.max(terms) if norm == np.inf else np.sum(np.power(terms, norm)) ** (1 / norm)
        best = min(best, float(total))
    return best


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 10**6),
    st.sampled_from(["plain", "weights", "dropped"]),
    st.sampled_from([1, 2, np.inf]),
    st.sampled_from([1, 3]),
    st.sampled_from([0.2, 1.0, 3.0, np.inf]),
)
def test_radii_are_those_of_all_choices(
    seed: int, kind: str, norm: float, k: int, job: float
) -> None:
    costs = {"job": job, "city": 0.7, "size": 0.4}
    if kind != "weights":
        del costs["size"]
    clf, _, X = folded(kind, seed, k, norm, costs)
    Z = X.iloc[:3]
    found = clf.certify(Z)
    for i in range(3):
        expected = all_choices(clf, Z, i, norm, costs)
        assert found.radius[i] == pytest.approx(expected, rel=1e-12)
    assert (found.radius <= found.numeric_radius).all() and (found.n_choices >= 1).all()


@pytest.mark.parametrize("norm", [1, 2, np.inf])
@pytest.mark.parametrize("kind", ["plain", "weights", "dropped"])
def test_no_change_below_the_radius(kind: str, norm: float) -> None:
    clf, _, X = folded(kind, norm=norm, cost=0.8)
    found = clf.certify(X)
    assert (found.radius > 0.0).sum() > 20
    rng = np.random.default_rng(1)
    values: dict[str, Any] = {"job": JOBS, "city": CITIES, "size": SIZES}
    tried = 0
    for i in np.flatnonzero(found.radius > 0.0)[:25]:
        rows = pd.concat([X.iloc[[i]]] * 200, ignore_index=True).astype({"age": float})
        original = rows.copy()
        for column in clf.category_columns_:
            moved = rng.random(200) < 0.3
            rows.loc[moved, column] = rng.choice(values[column], int(moved.sum()))
        changed = [rows[c] != original[c] for c in clf.category_columns_]
        cost = np.where(np.stack(changed, axis=1), 0.8, 0.0)
        way = rng.normal(size=(200, 2))
        size = np.linalg.norm(np.c_[cost, way], norm, axis=1)
        room = found.radius[i] * (1.0 - 1e-9)
        fits = np.linalg.norm(cost, norm, axis=1) < room
        # shrink the numbers until all of it is below the radius
        for _ in range(60):
            size = np.linalg.norm(np.c_[cost, way], norm, axis=1)
            way = np.where((size >= room)[:, np.newaxis], 0.8 * way, way)
        fits &= np.linalg.norm(np.c_[cost, way], norm, axis=1) < room
        rows["age"] += way[:, 0] / 0.1
        rows["pay"] += way[:, 1] / 0.01
        tried += int(fits.sum())
        assert (clf.predict(rows[fits]) == found.label[i]).all()
    assert tried > 500


@pytest.mark.parametrize("kind", ["plain", "dropped"])
def test_minimal_changes_have_witnesses(kind: str) -> None:
    clf, _, X = folded(kind, cost={"job": 0.9, "city": 0.5})
    Z = X.iloc[:8]
    found, proved = clf.minimal_perturbation(Z), clf.certify(Z)
    assert (proved.radius <= found.lower * (1.0 + 1e-9)).all()
    assert (found.lower <= found.upper * (1.0 + 1e-12)).all() and np.isfinite(found.upper).all()
    assert (found.upper <= found.lower * (1.0 + 1e-6) + 1e-12).all()
    rows = pd.DataFrame(found.witness, columns=found.columns)
    assert (clf.predict(rows) == found.adversarial_label).all()
    assert (found.adversarial_label != found.label).all()
    for i in range(8):
        terms = [
            0.1 * (rows["age"][i] - Z["age"].iloc[i]),
            0.01 * (rows["pay"][i] - Z["pay"].iloc[i]),
        ]
        terms += [cost * (rows[c][i] != Z[c].iloc[i]) for c, cost in (("job", 0.9), ("city", 0.5))]
        assert np.linalg.norm(np.array(terms, dtype=np.float64)) <= found.upper[i] * (1.0 + 1e-9)
    assert "Minimal changes of 8 rows" in repr(found) and "Certificates of 8 rows" in repr(proved)


def test_frozen_categories_leave_the_numbers() -> None:
    clf, _, X = folded("plain", cost=np.inf)
    found = clf.certify(X)
    assert np.array_equal(found.radius, found.numeric_radius) and (found.n_choices == 1).all()
    wrong = clf.certify(X, np.zeros(len(X), dtype=int))
    assert (wrong.radius[found.label != 0] == 0.0).all()
    assert np.array_equal(wrong.radius[found.label == 0], found.radius[found.label == 0])


def test_categories_alone_and_arrays() -> None:
    rng = np.random.default_rng(0)
    X = np.c_[rng.choice(JOBS, 30), rng.choice(CITIES, 30)].astype(object)
    y = np.r_[0, 1, ((X[:, 0] == "cook") & (X[:, 1] == "Oslo"))[2:]].astype(int)
    parts = ColumnTransformer([("names", OneHotEncoder(sparse_output=False), [0, 1])])
    pipeline = make_pipeline(parts, rm.CertifiedKNeighborsClassifier(3, n_jobs=1)).fit(X, y)
    clf = rm.fold_mixed(pipeline, X, y, category_cost={0: 2.0, 1: 1.0})
    found = clf.certify(X)
    assert (np.isin(np.round(found.radius, 9), [1.0, 2.0, round(5**0.5, 9), np.inf])).all()
    assert np.isinf(found.numeric_radius).all()
    assert clf.category_columns_ == (0, 1)


def test_affine_column_transformers_fold() -> None:
    X, y = table()
    X = X[["age", "pay", "size"]].astype(float)
    parts = ColumnTransformer(
        [("one", PCA(2, whiten=True), ["pay", "age"]), ("two", "passthrough", ["size"])],
        transformer_weights={"one": 3.0},
    )
    pipeline = make_pipeline(parts, rm.CertifiedKNeighborsClassifier(3)).fit(X, y)
    clf = rm.fold_pipeline(pipeline, X, y)
    moved = pipeline[:-1].transform(X)
    assert np.allclose((X - X.iloc[0]).to_numpy() @ clf.components_.T, moved - moved[0])
    assert (clf.predict(X) == pipeline.predict(X)).mean() > 0.98
    assert list(clf.feature_names_in_) == list(X.columns)
    rm.CertifiedKNeighborsClassifier(3, metric=parts).fit(X, y)


def test_what_is_refused() -> None:
    X, y = table()
    clf, pipeline, _ = folded("plain")
    fold = rm.fold_mixed
    for cost, message in (
        ({"job": 1.0}, "category_cost must have a cost for each column, got none for 'city'"),
        ({"job": 1.0, "city": 0.0}, "category_cost must be positive, got 0.0 for 'city'"),
        ({"job": 1, "city": 1, "age": 1}, "must name columns of categories, got 'age'"),
        ({"jobs": 1}, "category_cost must name features, .* did you mean 'job'"),
        ("all", "category_cost must be a number, or a dict of column to number"),
    ):
        with pytest.raises(ValueError, match=message):
            fold(pipeline, X, y, category_cost=cost)
    with pytest.raises(ValueError, match="threat must speak of columns of numbers, got 'job'"):
        fold(pipeline, X, y, category_cost=1, threat=rm.ThreatModel(feature_cost={"job": 2}))
    with pytest.raises(ValueError, match="X must be the 40 rows that the pipeline was fitted on"):
        fold(pipeline, table(1)[0], y, category_cost=1)
    with pytest.raises(ValueError, match="fold_mixed takes these"):
        rm.fold_pipeline(pipeline, X, y)
    with pytest.raises(ValueError, match="X must have the columns"):
        clf.predict(X.drop(columns="job"))
    with pytest.raises(ValueError, match="X must be a data frame"):
        clf.predict(X.to_numpy())
    with pytest.raises(ValueError, match="X must be finite in column 'pay'"):
        clf.certify(X.assign(pay=np.nan))
    with pytest.raises(ValueError, match="unknown categories"):
        clf.certify(X.assign(job="clown"))
    both = ColumnTransformer(
        [("a", "passthrough", ["size"]), ("b", OneHotEncoder(sparse_output=False), ["size"])]
    )
    twice = make_pipeline(both, rm.CertifiedKNeighborsClassifier(3)).fit(X, y)
    with pytest.raises(ValueError, match="got column 'size' twice"):
        fold(twice, X, y, category_cost=1)
    with pytest.raises(ValueError, match="pipeline must be a Pipeline that begins with"):
        fold(
            make_pipeline(StandardScaler(), rm.CertifiedKNeighborsClassifier()),
            X,
            y,
            category_cost=1,
        )


def test_norms_are_rounded_outward() -> None:
    from fractions import Fraction

    rng = np.random.default_rng(0)
    for _ in range(2000):
        costs = (10.0 ** rng.uniform(-3, 3, rng.integers(1, 5))).tolist()
        length = float(10.0 ** rng.uniform(-3, 3))
        exact = [Fraction(v) for v in [*costs, length]]
        below, above = combined(costs, length, 1)
        assert Fraction(below) <= sum(exact) <= Fraction(above)
        below, above = combined(costs, length, 2)
        assert Fraction(below) ** 2 <= sum(v * v for v in exact) <= Fraction(above) ** 2
        assert combined(costs, length, np.inf) == (max(*costs, length),) * 2
    assert combined([], 3.0, 2) == (3.0, 3.0) and combined([1.0], np.inf, 2) == (np.inf, np.inf)
