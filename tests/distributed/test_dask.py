"""Dask arrays: lazily, on a cluster of processes, and when a worker is killed."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import robust_metric as rm

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
distributed = pytest.importorskip("distributed")

from robust_metric.dask import certified_radii  # noqa: E402  after the check that Dask is there

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Two worker processes; one that dies is started again."""
    with (
        dask.config.set({"distributed.worker.daemon": False}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def data() -> tuple[np.ndarray, ...]:
    X_train, X_test, y_train, y_test = rm.datasets.load("digits")
    return X_train, X_test[:60], y_train, y_test[:60]


@pytest.fixture
def clf(data: tuple[np.ndarray, ...]) -> rm.CertifiedKNeighborsClassifier:
    return rm.CertifiedKNeighborsClassifier(3).fit(data[0], data[2])


def test_certify_is_lazy(clf: rm.CertifiedKNeighborsClassifier, data: Any) -> None:
    _, X, _, y = data
    lazy = clf.certify(da.from_array(X, chunks=(25, 30)), y)
    assert isinstance(lazy.radius, da.Array) and lazy.radius.chunks == ((25, 25, 10),)
    whole = clf.certify(X, y)
    with dask.config.set(scheduler="threads"):
        radius, label = dask.compute(lazy.radius, lazy.label)
    np.testing.assert_array_equal(radius, whole.radius)
    np.testing.assert_array_equal(label, whole.label)
    assert len(lazy) == len(X) and lazy.n_neighbors == 3


def test_minimal_perturbation_is_lazy(clf: rm.CertifiedKNeighborsClassifier, data: Any) -> None:
    X = data[1][:20]
    nearest = rm.CertifiedKNeighborsClassifier(1).fit(data[0], data[2])
    lazy = nearest.minimal_perturbation(da.from_array(X, chunks=(7, -1)), time_limit=60.0)
    assert lazy.perturbation.shape == X.shape
    whole = nearest.minimal_perturbation(X)
    names = ["lower", "upper", "perturbation", "adversarial_label", "label", "status", "nodes"]
    with dask.config.set(scheduler="synchronous"):
        found = dask.compute(*[getattr(lazy, name) for name in names])
    for name, value in zip(names, found, strict=True):
        np.testing.assert_array_equal(value, getattr(whole, name), err_msg=name)


def test_bad_arrays(clf: rm.CertifiedKNeighborsClassifier, data: Any) -> None:
    X = da.from_array(data[1], chunks=(20, -1))
    with pytest.raises(ValueError, match=r"X must have shape \(m, 64\), got \(60, 63\)"):
        clf.certify(X[:, :63])
    with pytest.raises(ValueError, match="y must have one label per row of X, got 3 for 60"):
        clf.certify(X, [0, 1, 2])
    with pytest.raises(ValueError, match="evidence"):
        clf.certify(X, evidence=True)
    with pytest.raises(ValueError, match="X_train must be a two-dimensional dask array, got ndarr"):
        certified_radii(data[0], data[2], data[1])
    unknown = X[X[:, 0] >= 0.0]
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        certified_radii(unknown, data[3], data[1])
    with pytest.raises(ValueError, match=r"n_neighbors must be from 1 to .* 60, got 61"):
        certified_radii(X, data[3], data[1], n_neighbors=61)
    with pytest.raises(ValueError, match="X must have 64 columns, as X_train, got 2"):
        certified_radii(X, data[3], [[0.0, 1.0]])


def test_shards_on_a_cluster(client: Any, data: Any) -> None:
    X_train, X, y_train, y = data
    L = np.random.default_rng(0).normal(size=(10, X.shape[1]))
    for k, components in ((1, None), (11, L)):
        shards = da.from_array(X_train, chunks=(400, -1))
        found = certified_radii(shards, y_train, X, y, n_neighbors=k, components=components)
        whole = rm.CertifiedKNeighborsClassifier(k, components).fit(X_train, y_train).certify(X, y)
        np.testing.assert_array_equal(found.radius, whole.radius)
        np.testing.assert_array_equal(found.label, whole.label)


def slow_copy(rows: np.ndarray) -> np.ndarray:
    time.sleep(0.3)
    return rows


def kill_a_worker(client: Any) -> int:
    """Kill the process of a worker that has done something, and return its id."""
    pids = client.run(os.getpid)
    pid = next(iter(pids.values()))
    os.kill(pid, signal.SIGKILL)
    return int(pid)


@pytest.mark.parametrize("sharded", [False, True], ids=["queries", "shards"])
def test_a_killed_worker_costs_time_not_answers(
    client: Any, clf: rm.CertifiedKNeighborsClassifier, data: Any, sharded: bool
) -> None:
    X_train, X, y_train, y = data
    client.wait_for_workers(2, timeout=30)
    killed: list[int] = []
    timer = threading.Timer(0.8, lambda: killed.append(kill_a_worker(client)))
    timer.start()
    if sharded:
        shards = da.from_array(X_train, chunks=(150, -1)).map_blocks(slow_copy)
        radius = certified_radii(shards, y_train, X, y, n_neighbors=3).radius
    else:
        queries = da.from_array(X, chunks=(6, -1)).map_blocks(slow_copy)
        lazy: Any = clf.certify(queries, y).radius
        radius = lazy.compute()
    timer.join()
    assert killed, "the work ended before the worker was killed"
    np.testing.assert_array_equal(radius, clf.certify(X, y).radius)


def test_joblib_backend(client: Any, data: Any) -> None:
    from joblib import parallel_config
    from sklearn.model_selection import GridSearchCV

    search = GridSearchCV(rm.CertifiedKNeighborsClassifier(n_jobs=1), {"n_neighbors": [1, 3]}, cv=2)
    with parallel_config(backend="dask"):
        search.fit(data[0][:300], data[2][:300])
    assert search.best_score_ > 0.9


def test_predictions_are_lazy(clf: rm.CertifiedKNeighborsClassifier, data: Any) -> None:
    X = data[1]
    for chunks in ((20, -1), (7, 30)):
        lazy = da.from_array(X, chunks=chunks)
        label, shares = clf.predict(lazy), clf.predict_proba(lazy)
        assert isinstance(label, da.Array) and isinstance(shares, da.Array)
        assert label.dtype == clf.classes_.dtype and shares.shape == (len(X), len(clf.classes_))
        with dask.config.set(scheduler="synchronous"):
            np.testing.assert_array_equal(label.compute(), clf.predict(X))
            np.testing.assert_array_equal(shares.compute(), clf.predict_proba(X))
    with pytest.raises(ValueError, match=r"X must have shape \(m, 64\), got \(60, 63\)"):
        clf.predict(da.from_array(X[:, :63]))


def test_frames() -> None:
    frames, lazy = pytest.importorskip("pandas"), pytest.importorskip("dask.dataframe")
    X_train, X, y_train, y = rm.datasets.load("iris")
    names = ["sepal length", "sepal width", "petal length", "petal width"]
    threat = rm.ThreatModel(feature_cost={"petal width": np.inf})
    clf = rm.CertifiedKNeighborsClassifier(3, threat=threat)
    clf.fit(frames.DataFrame(X_train, columns=names), y_train)
    queries = frames.DataFrame(X, columns=names)
    parts = lazy.from_pandas(queries.assign(y=y), npartitions=3)
    whole = clf.certify(queries, y)
    for rows in (
        parts[names],
        parts[names][parts["petal length"] >= 0.0],
    ):  # the latter not counted
        found: Any = clf.certify(rows, parts["y"])
        label: Any = clf.predict(rows)
        with dask.config.set(scheduler="synchronous"):
            np.testing.assert_array_equal(found.radius.compute(), whole.radius)
            np.testing.assert_array_equal(found.label.compute(), whole.label)
            np.testing.assert_array_equal(label.compute(), clf.predict(queries))
    with pytest.raises(ValueError, match="feature names should match"):
        clf.certify(parts[names[::-1]])
    with pytest.raises(ValueError, match="y must have the partitions of X"):
        clf.certify(parts[names], y[:5])
