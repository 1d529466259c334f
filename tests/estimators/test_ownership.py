"""What is stored belongs to the estimator: no array handed in or out changes an answer when written to."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.decomposition import PCA

import robust_metric as rm
from robust_metric import baselines
from robust_metric.attacks import RegionAttack
from robust_metric.io.scaling import Scaling
from robust_metric.results.evidence import SearchTrees

Array = NDArray[Any]
Estimator = Any

RNG = np.random.default_rng(0)
Y = np.arange(40) % 2
X = RNG.normal(size=(40, 3)) + 2.0 * Y[:, None]
Z = RNG.normal(size=(5, 3)) + 1.0
COMPONENTS = RNG.normal(size=(3, 3))
PAIRS = X.reshape(20, 2, 3)
SIMILAR = np.where(np.arange(20) % 2, 1, -1)


def threat() -> rm.ThreatModel:
    return rm.ThreatModel(1, (np.full(3, -20.0), np.full(3, 20.0)), np.array([1.0, 2.0, 3.0]))


LEARNERS: dict[str, Callable[[], Estimator]] = {
    "ARML": lambda: rm.ARML(max_iter=5),
    "AML": lambda: baselines.AML(max_iter=2),
    "CAP": lambda: baselines.CAP(max_iter=2),
    "ITML_Supervised": lambda: baselines.ITML_Supervised(n_constraints=20, random_state=0),
    "LFDA": lambda: baselines.LFDA(),
    "LMNN": lambda: baselines.LMNN(max_iter=2),
    "NCA": lambda: baselines.NCA(max_iter=2, random_state=0),
}
ESTIMATORS: dict[str, Callable[[], Estimator]] = {
    "neighbors": lambda: rm.CertifiedKNeighborsClassifier(3, None, threat()),
    "components": lambda: rm.CertifiedKNeighborsClassifier(3, COMPONENTS.copy(), threat()),
    "learned": lambda: rm.CertifiedKNeighborsClassifier(1, rm.ARML(max_iter=5)),
    "search": lambda: rm.CertifiedNearestNeighbors(2, COMPONENTS.copy(), threat()),
    "prototypes": lambda: rm.CertifiedPrototypeClassifier(2, "learn", threat(), max_iter=5),
    "pruning": lambda: baselines.AdversarialPruning(rm.CertifiedKNeighborsClassifier(1)),
    **LEARNERS,
}


def answers(estimator: Estimator, folder: Path) -> list[Array]:
    """All that an estimator says, as arrays."""
    found: list[Array] = []
    if hasattr(estimator, "predict"):
        found.append(estimator.predict(Z))
    if hasattr(estimator, "transform"):
        found += [estimator.transform(Z), estimator.get_mahalanobis_matrix()]
    if hasattr(estimator, "kneighbors"):
        found += [*estimator.kneighbors(Z), estimator.certify_neighbors(Z).radius]
    if hasattr(estimator, "certify"):
        bound = estimator.certify(Z, evidence=True)
        exact = estimator.minimal_perturbation(Z)
        rm.save_model(estimator, folder / "model.npz")
        found += [bound.radius, bound.label, np.array(bound.evidence.model_digest)]
        found += [exact.lower, exact.upper, exact.perturbation]
        found.append(np.frombuffer((folder / "model.npz").read_bytes(), np.uint8))
    return [array.copy() for array in found]


def same(first: list[Array], second: list[Array]) -> bool:
    return len(first) == len(second) and all(map(np.array_equal, first, second))


def try_to_write(array: Array) -> None:
    """Write to an array and to all that it is a view of, with the flag lifted where that is let."""
    owner: Any = array
    while isinstance(owner, np.ndarray):
        if not owner.flags.writeable and owner.base is not None:
            with pytest.raises(ValueError, match="WRITEABLE"):
                owner.flags.writeable = True
        try:
            owner[...] = owner.flat[-1] if owner.dtype.kind == "O" else owner.dtype.type(7)
        except ValueError as error:
            assert "read-only" in str(error)
        owner = owner.base


def arrays_of(value: Any) -> Iterator[Array]:
    """Arrays that can be reached by public names."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, tuple | list):
        for entry in value:
            yield from arrays_of(entry)
    elif type(value).__module__.startswith("robust_metric"):
        for name in dir(value):
            if not name.startswith("_"):
                try:
                    entry = getattr(value, name)
                except AttributeError:  # of what was not asked for
                    continue
                if not callable(entry):
                    yield from arrays_of(entry)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_arrays_handed_in(tmp_path: Path, name: str) -> None:
    """Points and labels of every kind that may be written to, and arrays among the parameters."""
    expected = answers(ESTIMATORS[name]().fit(X, Y), tmp_path)
    for view in (False, True):
        given, labels = X.copy(), Y.copy()
        points, classes = given[:], labels[:]
        if view:
            points.flags.writeable = classes.flags.writeable = False
        estimator = ESTIMATORS[name]()
        estimator.fit(points, classes)
        for array in (given, labels, *arrays_of(list(estimator.get_params().values()))):
            try_to_write(array)
        assert same(answers(estimator, tmp_path), expected), view


AGAIN: dict[str, Callable[[Estimator], Estimator]] = {
    "itself": lambda estimator: estimator,
    "pickle": lambda estimator: pickle.loads(pickle.dumps(estimator)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "clone": lambda estimator: clone(estimator).fit(X, Y),
}


@pytest.mark.parametrize("again", AGAIN)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_arrays_handed_out(tmp_path: Path, name: str, again: str) -> None:
    original = ESTIMATORS[name]().fit(X, Y)
    expected = answers(original, tmp_path)
    estimator = AGAIN[again](original)
    learned = [n for n in dir(estimator) if n.endswith("_") and not n.startswith("_")]
    arrays = [a for n in learned for a in arrays_of(getattr(estimator, n, None))]
    if hasattr(estimator, "fitted_view"):
        arrays += arrays_of(estimator.fitted_view())
    assert arrays
    for array in arrays:
        try_to_write(array)
    assert same(answers(estimator, tmp_path), expected)
    assert same(answers(original, tmp_path), expected)


def test_labels_of_prototypes_are_frozen() -> None:
    clf = ESTIMATORS["prototypes"]().fit(X, Y)
    assert not clf.prototype_labels_.flags.writeable


def test_buffers_are_arrays() -> None:
    points, labels = X.copy(), Y.copy()
    clf = rm.CertifiedKNeighborsClassifier(1).fit(memoryview(points), labels)
    expected = clf.certify(X[:5]).radius
    points[:] = 0.0
    np.testing.assert_array_equal(clf.certify(memoryview(X[:5].copy())).radius, expected)
    large = np.full((4, 1), 2**53 + 1)
    with pytest.raises(ValueError, match="integers of at most 2"):
        rm.CertifiedKNeighborsClassifier(1).fit(memoryview(large), [0, 1, 0, 1])


@pytest.mark.parametrize("name", ["neighbors", "components", "prototypes"])
def test_loaded_models(tmp_path: Path, name: str) -> None:
    rm.save_model(ESTIMATORS[name]().fit(X, Y), tmp_path / "m.npz")
    clf = rm.load_model(tmp_path / "m.npz")
    expected = answers(clf, tmp_path)
    for array in [*arrays_of(clf.fitted_view()), *arrays_of(list(clf.get_params().values()))]:
        try_to_write(array)
    assert same(answers(clf, tmp_path), expected)


def test_itml_on_pairs() -> None:
    given, signs = PAIRS.copy(), SIMILAR.copy()
    learner = baselines.ITML(random_state=0).fit(given, signs)
    expected = learner.pair_distance(PAIRS), learner.predict(PAIRS)
    for array in (given, signs, learner.components_, learner.bounds_):
        try_to_write(array)
    assert same([learner.pair_distance(PAIRS), learner.predict(PAIRS)], list(expected))


@pytest.mark.parametrize("name", ["components", "learned", "prototypes"])
def test_a_metric_assigned_after_fit_is_refused(tmp_path: Path, name: str) -> None:
    """Certificates, files and digests all speak of one state."""
    clf = ESTIMATORS[name]().fit(X, Y)
    expected = answers(clf, tmp_path)
    with pytest.raises(AttributeError, match=r"components_.*no setter"):
        clf.components_ = 5.0 * clf.components_
    with pytest.raises(AttributeError, match=r"classes_.*no setter"):
        clf.classes_ = clf.classes_[::-1]
    with pytest.raises(ValueError, match="read-only"):
        clf.components_ *= 5.0
    assert same(answers(clf, tmp_path), expected)


def test_components_of_a_learner_are_those_it_transforms_by() -> None:
    learner = rm.ARML(max_iter=5).fit(X, Y)
    given = COMPONENTS.copy()
    learner.components_ = given
    given[:] = 0
    assert np.array_equal(learner.transform(Z), Z @ COMPONENTS.T)


@pytest.mark.parametrize("k", [1, 3])
def test_results_are_not_views_of_the_queries(k: int) -> None:
    clf = rm.CertifiedKNeighborsClassifier(k).fit(X, Y)
    for call in (clf.certify, clf.minimal_perturbation):
        queries = Z.copy()
        found = call(queries, evidence=True)
        kept = [array.copy() for array in arrays_of(found)]
        assert any(np.array_equal(array, Z) for array in kept)
        for array in (queries, *arrays_of(found)):
            try_to_write(array)
        assert same(list(arrays_of(found)), kept)
        again = pickle.loads(pickle.dumps(found))
        for array in arrays_of(again):
            assert not array.flags.writeable
        assert same(list(arrays_of(again)), kept)


def test_other_results() -> None:
    clf = rm.CertifiedKNeighborsClassifier(3).fit(X, Y)
    search = rm.CertifiedNearestNeighbors(3).fit(X)
    results = [
        clf.predict_with_certificate(Z, 0.1),
        search.certify_neighbors(Z),
        rm.deciding_points(clf, Z),
        RegionAttack()(clf, Z),
        clf.minimal_perturbation(Z).certificates(),
    ]
    for result in results:
        arrays = list(arrays_of(result))
        assert arrays and not any(array.flags.writeable for array in arrays)
    assert rm.certified_radii(X, Y, Z).flags.writeable  # an answer without a name is the caller's


def test_certificates_in_a_file_are_those_that_were_made(tmp_path: Path) -> None:
    clf = rm.CertifiedKNeighborsClassifier(3, threat=threat()).fit(X, Y)
    found = clf.certify(Z, evidence=True)
    found.save(tmp_path / "before.npz")
    for array in arrays_of(found):
        try_to_write(array)
    found.save(tmp_path / "after.npz")
    assert (tmp_path / "before.npz").read_bytes() == (tmp_path / "after.npz").read_bytes()
    loaded = rm.Certificates.load(tmp_path / "after.npz")
    assert not any(array.flags.writeable for array in arrays_of(loaded))


def test_search_trees_are_frozen() -> None:
    found = rm.CertifiedKNeighborsClassifier(3).fit(X, Y).minimal_perturbation(Z, evidence=True)
    assert found.evidence is not None and isinstance(found.evidence.trees, SearchTrees)
    assert not any(array.flags.writeable for array in arrays_of(found.evidence.trees))


class TestThreatModels:
    def given(self) -> tuple[Array, Array, Array]:
        return np.full(3, -1.0), np.full(3, 3.0), np.array([1.0, 2.0, np.inf])

    @pytest.mark.parametrize("as_lists", [False, True])
    def test_arrays_are_copied(self, as_lists: bool) -> None:
        parts: list[Any] = [a.tolist() if as_lists else a for a in self.given()]
        model = rm.ThreatModel(1, parts[:2] if as_lists else tuple(parts[:2]), parts[2])
        expected = repr(model), str(model), model.cost(Z), model.box(3), model.weights(3)
        for part in parts:
            part[0] = 2.5
        assert repr(model) == expected[0] and str(model) == expected[1]
        assert same([model.cost(Z), *model.box(3), model.weights(3)],  # type: ignore[misc]
                    [expected[2], *expected[3], expected[4]])  # type: ignore[misc]  # fmt: skip
        lower, upper, cost = self.given()
        assert model == rm.ThreatModel(1, (lower, upper), cost)

    @pytest.mark.parametrize("again", ["itself", "pickle", "copy", "deepcopy"])
    def test_arrays_handed_out(self, again: str) -> None:
        lower, upper, cost = self.given()
        model = AGAIN[again](rm.ThreatModel(np.inf, (lower, upper), cost))
        for array in [*arrays_of(model), *model.box(3), model.weights(3)]:
            try_to_write(array)
        assert model == rm.ThreatModel(np.inf, self.given()[:2], self.given()[2])

    def test_a_generator_of_bounds_is_read_once(self) -> None:
        model = rm.ThreatModel(bounds=(side for side in (0, np.ones(2))))
        assert model.bounds[0] == 0.0 and np.array_equal(model.box(2)[1], np.ones(2))  # type: ignore[index]

    def test_radii_under_costs_that_were_written_to(self) -> None:
        cost = np.array([1.0, 1.0, 1.0])
        clf = rm.CertifiedKNeighborsClassifier(1, threat=rm.ThreatModel(feature_cost=cost)).fit(
            X, Y
        )
        before = clf.certify(Z)
        cost[0] = 0.5
        after = clf.certify(Z)
        assert np.array_equal(before.radius, after.radius) and before.threat == after.threat
        clf.set_params(threat=rm.ThreatModel(feature_cost=cost))
        assert not np.array_equal(before.radius, clf.certify(Z).radius)

    def test_parameters_of_estimators_stay_themselves(self) -> None:
        model = threat()
        clf = rm.CertifiedKNeighborsClassifier(1, threat=model)
        assert clf.get_params()["threat"] is model
        assert clone(clf).threat == model


def test_scaling_owns_its_numbers() -> None:
    offset, scale = np.zeros(3), np.ones(3)
    scaling = Scaling(offset, scale)
    for array in (offset, scale, scaling.offset, scaling.scale):
        try_to_write(array)
    assert np.array_equal(scaling.apply(X), X)


def test_data_sets_are_read_anew() -> None:
    first = rm.datasets.load("iris")
    expected = [array.copy() for array in first]
    for array in first:
        try_to_write(array)
    assert same(list(rm.datasets.load("iris")), expected)


def test_folded_components_are_not_a_steps_own() -> None:
    pca = PCA().fit(X)
    expected = pca.components_.copy()
    rm.fold_components(pca)[:] = 0.0
    assert np.array_equal(pca.components_, expected)


def test_the_reported_case() -> None:
    """A read-only view of a writable base: answers stay those of the numbers that were fitted."""
    base = np.array([[11.0], [18.0], [7.0], [14.0]])
    view = base[:]
    view.flags.writeable = False
    clf = rm.CertifiedKNeighborsClassifier(1).fit(view, [1, 1, 0, 0])
    before = clf.certify([[6.25]]), clf.predict([[9.01]])
    base[:] = [[13.0], [0.0], [10.0], [1.0]]
    after = clf.certify([[6.25]]), clf.predict([[9.01]])
    assert before[0].radius.tolist() == after[0].radius.tolist() == pytest.approx([2.75])
    assert before[0].label.tolist() == after[0].label.tolist() == [0]
    assert before[1].tolist() == after[1].tolist() == [1]
