"""Names of features: kept by files and folded pipelines, and what threat models call them by."""

from __future__ import annotations

import copy
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

import robust_metric as rm
from robust_metric import attacks

pd = pytest.importorskip("pandas")

NAMES = ["age", "income", "sex", "hours"]
RNG = np.random.default_rng(0)
CLASSES = np.arange(60) % 2
FRAME = pd.DataFrame(RNG.normal(size=(60, 4)) + CLASSES[:, None], columns=NAMES)
REORDERED = FRAME[NAMES[::-1]]

NAMED = rm.ThreatModel(
    1, {"income": (-9, None), "hours": (None, 9.0)}, {"age": math.inf, "sex": 2.5}
)
PLAIN = rm.ThreatModel(
    1,
    ([-math.inf, -9.0, -math.inf, -math.inf], [math.inf, math.inf, math.inf, 9.0]),
    [math.inf, 1.0, 2.5, 1.0],
)


def classifier(kind: str, threat: Any = None) -> Any:
    if kind == "prototypes":
        return rm.CertifiedPrototypeClassifier(2, threat=threat, max_iter=30)
    return rm.CertifiedKNeighborsClassifier(3, threat=threat)


@pytest.mark.parametrize("kind", ["neighbours", "prototypes"])
def test_a_loaded_model_refuses_reordered_columns(kind: str, tmp_path: Path) -> None:
    clf = classifier(kind).fit(FRAME, CLASSES)
    rm.save_model(clf, tmp_path / "m.npz")
    loaded = rm.load_model(tmp_path / "m.npz")
    assert loaded.feature_names_in_.tolist() == NAMES
    assert np.array_equal(loaded.predict(FRAME), clf.predict(FRAME))
    rm.save_model(loaded, tmp_path / "again.npz")
    for fitted in (clf, loaded, rm.load_model(tmp_path / "again.npz")):
        for ask in (fitted.predict, fitted.certify, fitted.minimal_perturbation):
            with pytest.raises(ValueError, match="feature names should match"):
                ask(REORDERED)


def test_names_that_are_given_to_a_file(tmp_path: Path) -> None:
    clf = classifier("neighbours").fit(FRAME.to_numpy(), CLASSES)
    rm.save_model(clf, tmp_path / "m.npz", feature_names=NAMES)
    assert rm.load_model(tmp_path / "m.npz").feature_names_in_.tolist() == NAMES
    with pytest.raises(ValueError, match="feature_names must be one for each of 4 features, got 3"):
        rm.save_model(clf, tmp_path / "m.npz", feature_names=NAMES[:3])


@pytest.mark.parametrize("steps", [[StandardScaler()], ["passthrough", MinMaxScaler()], []])
@pytest.mark.parametrize("named", ["both", "pipeline", "points"])
def test_folded_pipelines_keep_names(steps: list[Any], named: str) -> None:
    pipeline = make_pipeline(*map(clone_step, steps), classifier("neighbours"))
    fitted = pipeline.fit(FRAME if named != "points" else FRAME.to_numpy(), CLASSES)
    points = FRAME if named != "pipeline" else FRAME.to_numpy()
    folded = rm.fold_pipeline(fitted, points, CLASSES, NAMED)
    assert folded.feature_names_in_.tolist() == NAMES
    assert folded.fitted_view().threat == PLAIN
    assert np.array_equal(folded.predict(FRAME), pipeline.predict(points_of(fitted)))
    with pytest.raises(ValueError, match="feature names should match"):
        folded.predict(REORDERED)
    if named == "both":
        with pytest.raises(ValueError, match=r"X must have the features .* in their order"):
            rm.fold_pipeline(fitted, REORDERED, CLASSES)


def points_of(pipeline: Any) -> Any:
    """The points, with names where the pipeline was fitted on such."""
    named = any(hasattr(step, "feature_names_in_") for _, step in pipeline.steps)
    return FRAME if named else FRAME.to_numpy()


def clone_step(step: Any) -> Any:
    return step if isinstance(step, str) else clone(step)


@pytest.mark.parametrize("kind", ["neighbours", "prototypes"])
def test_threat_models_by_name_are_those_by_number(kind: str, tmp_path: Path) -> None:
    clf = classifier(kind, NAMED).fit(FRAME, CLASSES)
    plain = classifier(kind, PLAIN).fit(FRAME, CLASSES)
    assert clf.fitted_view().threat == PLAIN
    assert clf.threat is NAMED  # a parameter stays what it was
    assert np.array_equal(clf.certify(FRAME).radius, plain.certify(FRAME).radius)
    found = clf.minimal_perturbation(FRAME[:9])
    assert (found.perturbation[:, 0] == 0).all() and found.threat == PLAIN
    rm.save_model(clf, tmp_path / "m.npz")
    assert rm.load_model(tmp_path / "m.npz").threat == PLAIN
    later = classifier(kind).fit(FRAME, CLASSES).set_params(threat=NAMED)
    assert np.array_equal(later.certify(FRAME[:9]).radius, classifier(kind).fit(FRAME, CLASSES)
                          .set_params(threat=PLAIN).certify(FRAME[:9]).radius)  # fmt: skip


def test_everywhere_a_threat_model_goes() -> None:
    clf = classifier("neighbours").fit(FRAME, CLASSES)
    named, plain = (attacks.GradientAttack()(clf, FRAME, None, t) for t in (NAMED, PLAIN))
    assert np.array_equal(named.costs, plain.costs)
    scaler = StandardScaler().fit(FRAME)
    assert rm.fold_threat(scaler, NAMED) == rm.fold_threat(scaler, PLAIN)
    radii = [rm.certified_radii(FRAME, CLASSES, FRAME, threat=t) for t in (NAMED, PLAIN)]
    assert np.array_equal(*radii)
    search = rm.CertifiedNearestNeighbors(2, threat=NAMED).fit(FRAME)
    assert search.certify_neighbors(FRAME).threat == PLAIN
    with pytest.raises(NotFittedError):
        classifier("neighbours", NAMED).certify(FRAME)


def test_threat_models_by_name_are_values() -> None:
    assert NAMED == rm.ThreatModel(1, dict(NAMED.bounds), dict(NAMED.feature_cost))
    assert NAMED != PLAIN and PLAIN != NAMED and NAMED != rm.ThreatModel(1)
    for same in (clone(NAMED, safe=False), copy.deepcopy(NAMED), pickle.loads(pickle.dumps(NAMED))):
        assert same == NAMED
    assert eval(repr(NAMED), {"ThreatModel": rm.ThreatModel, "inf": math.inf}) == NAMED
    assert "'age': inf" in str(NAMED)
    series = pd.Series({"sex": 2.5, "age": math.inf})
    assert rm.ThreatModel(feature_cost=series) == rm.ThreatModel(feature_cost=series.to_dict())
    costs = {"age": 1.0}
    threat = rm.ThreatModel(feature_cost=costs)
    costs["age"] = 2.0
    assert threat.feature_cost["age"] == 1.0
    assert rm.ThreatModel("inf") == rm.ThreatModel(math.inf)
    assert rm.ThreatModel(bounds=(0, None)) == rm.ThreatModel(bounds=(0, math.inf))


@given(st.permutations(range(4)), st.integers(0, 4))
def test_numbers_are_names_too(order: list[int], count: int) -> None:
    cost = {i: i + 2.0 for i in order[:count]}
    wanted = [cost.get(i, 1.0) for i in range(4)]
    threat = rm.ThreatModel(feature_cost=cost)
    assert threat.weights(4).tolist() == wanted
    names = rm.ThreatModel(feature_cost={NAMES[i]: value for i, value in cost.items()})
    assert names.for_features(4, NAMES).weights(4).tolist() == wanted


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"feature_cost": {"aeg": 2}}, "feature_cost must name features, 'age', .*did you mean 'age'"),
        ({"bounds": {"x": (0, 1)}}, "bounds must name features, 'age', 'income', .* got 'x'"),
        ({"feature_cost": {4: 2.0}}, "feature_cost must name features by number from 0 to 3, got 4"),
        ({"feature_cost": {-1: 2.0}}, "by number from 0 to 3, got -1"),
        ({"feature_cost": {"age": 2.0, 0: 2.0}}, "must mention a feature once, got 'age' and 0"),
    ],
)  # fmt: skip
def test_names_that_are_none_are_refused_by_fit(parameters: Any, message: str) -> None:
    clf = classifier("neighbours", rm.ThreatModel(**parameters))
    with pytest.raises(ValueError, match=message):
        clf.fit(FRAME, CLASSES)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"feature_cost": {"age": 0}}, "positive numbers"),
        ({"feature_cost": {"age": "much"}}, "a positive number for each feature, got {'age': 'much'}"),
        ({"feature_cost": {1.5: 2}}, "by name or number, got 1.5"),
        ({"feature_cost": {True: 2}}, "by name or number, got True"),
        ({"bounds": {"age": (1, 0)}}, "lower <= upper"),
        ({"bounds": {"age": 1}}, "bounds must be a pair"),
        ({"bounds": {"age": ([0, 1], 2)}}, "a pair of numbers for each feature"),
    ],
)  # fmt: skip
def test_values_that_are_none_are_refused_at_once(parameters: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rm.ThreatModel(**parameters)


def test_names_need_data_that_have_some() -> None:
    clf = classifier("neighbours", NAMED)
    with pytest.raises(ValueError, match="by number where these have no names, got 'age'"):
        clf.fit(FRAME.to_numpy(), CLASSES)
    with pytest.raises(ValueError, match="no names, got 'age'"):
        NAMED.weights(4)
    certificates = rm.Certificates(np.ones(1), np.zeros(1, dtype=int), 1, None, NAMED)
    with pytest.raises(ValueError, match="threat must have one number a feature to be saved"):
        certificates.save("never.npz")


def test_series_say_which_feature_they_mean() -> None:
    pd = pytest.importorskip("pandas")
    low, high = (
        pd.Series({"c": -1.0, "b": -2.0, "a": -9.0}),
        pd.Series({"b": 2.0, "c": 1.0, "a": 9.0}),
    )
    names = ["a", "b", "c"]
    model = rm.ThreatModel(bounds=(low, high), feature_cost=pd.Series({"c": 5, "b": 2, "a": 1}))
    known = model.for_features(3, names)
    np.testing.assert_array_equal(known.bounds, [[-9, -2, -1], [9, 2, 1]])
    np.testing.assert_array_equal(known.feature_cost, [1, 2, 5])
    above = rm.ThreatModel(bounds=(low, None)).for_features(3, names)
    np.testing.assert_array_equal(above.bounds, [[-9, -2, -1], [np.inf] * 3])
    for pair in ((low, high[["a", "b"]]), (low, 3.0), (low, [9.0, 2.0, 1.0])):
        with pytest.raises(ValueError, match="bounds must have the same names on both sides"):
            rm.ThreatModel(bounds=pair)
    # by number, as before
    assert rm.ThreatModel(bounds=(pd.Series([0.0, 1.0]), 2.0)).bounds[0].tolist() == [0.0, 1.0]
