"""Attacks: what they return is adversarial, allowed, and never cheaper than what is certified."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from helpers import METRICS, Problem, exact_prediction, problem, problems
from hypothesis import given, settings
from hypothesis import strategies as st

from robust_metric import CertifiedKNeighborsClassifier as Classifier
from robust_metric import ThreatModel, _core, datasets
from robust_metric.attacks import (
    Attack,
    AttackResult,
    BoundaryAttack,
    GradientAttack,
    RegionAttack,
    judge,
)

ATTACKS: list[Attack] = [
    BoundaryAttack(n_steps=20),
    RegionAttack(n_regions=4),
    GradientAttack(n_steps=10),
]
NAMES = ["boundary", "region", "gradient"]
FAMILIES = ("normal", "grid", "pixels", "duplicates", "offset", "mixed", "tiny", "huge")


@st.composite
def threats(draw: st.DrawFn, p: Problem) -> ThreatModel:
    """A threat model of any kind under which the queries of p are allowed."""
    d = p.X.shape[1]
    bounds = cost = None
    if draw(st.booleans()):
        everything = np.vstack([p.X, p.Z])
        room = draw(st.sampled_from([0.0, 0.1])) * np.ptp(everything, axis=0)
        bounds = (everything.min(axis=0) - room, everything.max(axis=0) + room)
    if draw(st.booleans()):
        kinds = st.sampled_from([0.5, 1.0, 3.0, math.inf])
        cost = np.array(draw(st.lists(kinds, min_size=d, max_size=d)))
    return ThreatModel(draw(st.sampled_from([1, 2, math.inf])), bounds, cost)


def assert_honest(p: Problem, clf: Classifier, threat: ThreatModel, result: AttackResult) -> None:
    """Perturbations are allowed, change the class where they say so, and cost what they say."""
    label = clf.predict(p.Z)
    moved = p.Z + result.perturbations
    assert np.array_equal(result.label, label)
    assert np.array_equal(result.adversarial_label, clf.predict(moved))
    assert np.array_equal(result.success, result.adversarial_label != label)
    assert threat.holds(moved).all()
    assert not result.perturbations[:, threat.frozen(p.Z.shape[1])].any()
    assert not result.perturbations[~result.success].any()
    assert np.array_equal(np.isfinite(result.costs), result.success)
    plain = threat.cost(moved - p.Z)
    close = np.isclose(result.costs, plain, rtol=1e-12, atol=1e-320)
    assert (close & (result.costs >= plain * (1 - 1e-15)))[result.success].all()


@pytest.mark.parametrize("attack", ATTACKS, ids=NAMES)
@given(data=st.data())
@settings(max_examples=25)
def test_every_threat_model(attack: Attack, data: st.DataObject) -> None:
    p = data.draw(problems(families=FAMILIES))
    threat = data.draw(threats(p))
    clf = p.classifier()
    assert_honest(p, clf, threat, attack(clf, p.Z, threat=threat))


@pytest.mark.parametrize("attack", ATTACKS, ids=NAMES)
@given(p=problems())
@settings(max_examples=25)
def test_no_attack_is_cheaper_than_the_certificate(attack: Attack, p: Problem) -> None:
    clf = p.classifier()
    result = attack(clf, p.Z)
    assert (result.costs >= clf.certify(p.Z).radius).all()
    if p.k == 1:
        assert (result.costs >= clf.minimal_perturbation(p.Z).lower).all()
    for z, step, label in zip(p.Z, result.perturbations, result.adversarial_label, strict=True):
        assert exact_prediction(p, z + step) == label


@given(p=problems(k=(1, 1), families=("normal", "grid", "pixels", "duplicates")))
@settings(max_examples=15)
def test_a_start_is_never_missing(p: Problem) -> None:
    """Where some point of another class can be reached, every attack succeeds."""
    clf = p.classifier()
    reachable = np.isfinite(clf.minimal_perturbation(p.Z).upper)
    for attack in ATTACKS:
        assert np.array_equal(attack(clf, p.Z).success, reachable)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("n_classes", [2, 4])
def test_region_attack_is_near_the_minimum_for_one_neighbour(metric: str, n_classes: int) -> None:
    p = problem(3, "normal", metric, n_classes, 1, d=5, n=120, queries=30)
    clf = p.classifier()
    minimal = clf.minimal_perturbation(p.Z)
    costs = RegionAttack()(clf, p.Z).costs
    assert (costs <= minimal.upper * 1.01 + 1e-12).all()
    assert np.median(costs / minimal.upper) <= 1 + 1e-6


@pytest.mark.parametrize("k", [2, 3, 4, 5])
def test_region_attack_is_near_the_bound_in_one_dimension(k: int) -> None:
    """There, with two classes, the bound is nearly the minimum."""
    p = problem(k, "normal", "euclidean", 2, k, d=1, n=60, queries=40)
    clf = p.classifier()
    radius, costs = clf.certify(p.Z).radius, RegionAttack()(clf, p.Z).costs
    assert (costs >= radius).all()
    assert np.median(costs / np.maximum(radius, 1e-300)) <= 1.25


def test_degenerate_constraints_come_to_an_end() -> None:
    """Found by random search: the projection's norm rose and fell for ever."""
    p = problem(3630201409, "grid", "rank_deficient", 3, 6, d=5, n=12)
    RegionAttack(n_regions=4)(p.classifier(), p.Z)


def test_misclassified_rows_need_no_perturbation() -> None:
    p = problem(6, "normal", "euclidean", 3, 3, d=3, n=50, queries=12)
    clf = p.classifier()
    y = (clf.predict(p.Z) + np.arange(12) % 2) % 3
    y[1] = 17  # a class that training never saw
    for attack in ATTACKS:
        plain, result = attack(clf, p.Z), attack(clf, p.Z, y)
        wrong = np.arange(12) % 2 == 1
        assert result.success[wrong].all()
        assert not result.costs[wrong].any() and not result.perturbations[wrong].any()
        assert np.allclose(result.costs[~wrong], plain.costs[~wrong], rtol=1e-3)
        assert result.robust_error([0.0]).tolist() == [0.5]


@pytest.mark.parametrize("attack", ATTACKS, ids=NAMES)
def test_the_answer_depends_on_the_query_alone(attack: Attack) -> None:
    p = problem(8, "normal", "square", 3, 3, d=6, n=80, queries=5)
    whole = attack(p.classifier(), p.Z).perturbations
    again = attack(p.classifier(n_jobs=2), p.Z[::-1]).perturbations[::-1]
    single = np.vstack([attack(p.classifier(), z[None]).perturbations for z in p.Z])
    if not isinstance(attack, GradientAttack):  # whose products NumPy may sum in another order
        assert np.array_equal(whole, again) and np.array_equal(whole, single)
    assert np.allclose(whole, again, rtol=1e-3) and np.allclose(whole, single, rtol=1e-3)


@pytest.mark.usefixtures("instruction_set")
def test_the_region_attack_has_the_same_bits_on_every_instruction_set() -> None:
    p = problem(9, "normal", "square", 3, 5, d=9, n=90, queries=9)
    found = []
    for name in _core.available_instruction_sets():
        _core.force_instruction_set(name)
        found.append(RegionAttack()(p.classifier(), p.Z).perturbations)
    assert all(np.array_equal(found[0], other) for other in found)


def test_the_seed_decides() -> None:
    p = problem(8, "normal", "euclidean", 2, 1, d=4, n=40, queries=5)
    clf = p.classifier()
    first, same, other = (
        BoundaryAttack(n_steps=20, random_state=s)(clf, p.Z).perturbations for s in (0, 0, 1)
    )
    assert np.array_equal(first, same) and not np.array_equal(first, other)


@pytest.mark.parametrize("attack", ATTACKS, ids=NAMES)
@pytest.mark.parametrize("dtype", [str, bool, float, object])
def test_labels_of_every_kind(attack: Attack, dtype: type) -> None:
    p = problem(2, "normal", "euclidean", 2, 3, d=3, n=40, queries=6)
    names = np.array([False, True]) if dtype is bool else np.array(["3", "7"]).astype(dtype)
    clf = Classifier(3).fit(p.X, names[p.y])
    result = attack(clf, p.Z, names[p.classifier().predict(p.Z)])
    assert result.label.dtype == clf.classes_.dtype
    assert (result.success & (result.label != result.adversarial_label)).all()


@pytest.mark.parametrize("attack", ATTACKS, ids=NAMES)
def test_where_nothing_helps_the_attack_says_so(attack: Attack) -> None:
    X = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [4.0, 5.0]])
    everyone_votes = Classifier(4).fit(X, [0, 0, 0, 1])
    frozen = ThreatModel(feature_cost=[math.inf, math.inf])
    boxed = ThreatModel(bounds=(0.0, 1.0))
    for clf, threat in (
        (everyone_votes, None),
        (Classifier(1).fit(X, [0, 0, 0, 1]), frozen),
        (Classifier(1).fit(X, [0, 0, 0, 1]), boxed),
        (Classifier(1).fit(X[:3], [2, 2, 2]), None),
        (Classifier(1).fit(X[[0, 1, 2, 0]], [0, 0, 0, 1]), None),  # hidden behind an equal point
    ):
        result = attack(clf, X[:2], threat=threat)
        assert not result.success.any() and np.isinf(result.costs).all()
        assert not result.perturbations.any()
        assert np.array_equal(result.adversarial_label, result.label)


def test_a_box_makes_the_attack_dearer_and_is_kept() -> None:
    p = problem(4, "normal", "euclidean", 2, 3, d=4, n=80, queries=20)
    clf = p.classifier()
    tight = ThreatModel(bounds=(p.Z.min(axis=0), p.Z.max(axis=0)))
    free, boxed = RegionAttack()(clf, p.Z), RegionAttack()(clf, p.Z, threat=tight)
    assert tight.holds(p.Z + boxed.perturbations).all()
    assert (boxed.costs >= free.costs * (1 - 1e-3)).mean() >= 0.9


@pytest.mark.parametrize("norm", [1, math.inf])
def test_the_region_attack_minimises_the_norm_it_is_asked_for(norm: float) -> None:
    p = problem(5, "normal", "euclidean", 2, 3, d=8, n=80, queries=20)
    clf, threat = p.classifier(), ThreatModel(norm)
    asked = RegionAttack()(clf, p.Z, threat=threat).costs
    other = threat.cost(RegionAttack()(clf, p.Z).perturbations)
    assert (asked <= other * (1 + 1e-9)).mean() >= 0.9
    assert np.median(asked / other) < 0.9


def test_on_digits_the_region_attack_is_best() -> None:
    X_train, X, y_train, y = datasets.load("digits")
    X, y = X[:25], y[:25]
    clf = Classifier(3).fit(X_train, y_train)
    region, boundary, gradient = (
        attack(clf, X, y).costs
        for attack in (RegionAttack(), BoundaryAttack(n_steps=50), GradientAttack(n_steps=20))
    )
    radius = clf.certify(X, y).radius
    right = radius > 0
    assert np.median(region[right] / radius[right]) < 1.15
    assert region[right].mean() < 0.95 * min(boundary[right].mean(), gradient[right].mean())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RegionAttack(n_regions=0), "n_regions must be a positive number, got 0"),
        (lambda: BoundaryAttack(n_steps=-1), "n_steps must be a positive number, got -1"),
        (
            lambda: BoundaryAttack(source_step=math.nan),
            "source_step must be a positive number, got nan",
        ),
        (
            lambda: GradientAttack(learning_rate=0.0),
            "learning_rate must be a positive number, got 0.0",
        ),
    ],
)
def test_bad_settings(make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()  # type: ignore[operator]


def test_bad_queries() -> None:
    p = problem(1, "normal", "euclidean", 2, 1, d=3, n=20)
    clf, attack = p.classifier(), RegionAttack()
    with pytest.raises(ValueError, match=r"X has 2 features, but .* is expecting 3"):
        attack(clf, p.Z[:, :2])
    with pytest.raises(ValueError, match="y must have one label per row of X, got 1 for 4"):
        attack(clf, p.Z, [0])
    outside = ThreatModel(bounds=(100.0, 101.0))
    with pytest.raises(ValueError, match=r"X must lie within the bounds of threat, \[100.0, 101"):
        attack(clf, p.Z, threat=outside)
    with pytest.raises(
        ValueError, match=r"feature_cost must have one value per feature, 3, got shape"
    ):
        attack(clf, p.Z, threat=ThreatModel(feature_cost=[1.0]))


def test_queries_outside_the_box_are_clipped_on_request() -> None:
    p = problem(1, "normal", "euclidean", 2, 3, d=3, n=40, queries=8)
    clf, box = p.classifier(), ThreatModel(bounds=(-0.5, 0.5), clip_queries=True)
    inside = np.clip(p.Z, -0.5, 0.5)
    assert not box.holds(p.Z).all()
    for attack in ATTACKS:
        result = attack(clf, p.Z, threat=box)
        assert np.array_equal(result.costs, attack(clf, inside, threat=box).costs)
        assert_honest(replace(p, Z=inside), clf, box, result)
    moved = inside + result.perturbations
    assert np.array_equal(judge(clf, p.Z, moved, threat=box).success, result.success)


def test_the_classifiers_own_threat_model_is_the_default() -> None:
    p = problem(5, "normal", "euclidean", 2, 3, d=4, n=60, queries=6)
    threat = ThreatModel(feature_cost=[1.0, math.inf, 2.0, 1.0])
    own = Classifier(3, threat=threat).fit(p.X, p.y)
    assert np.array_equal(
        RegionAttack()(own, p.Z).costs, RegionAttack()(p.classifier(), p.Z, threat=threat).costs
    )
    assert not np.array_equal(
        RegionAttack()(own, p.Z).costs, RegionAttack()(p.classifier(), p.Z).costs
    )


@given(p=problems(queries=6), data=st.data())
def test_costs_are_rounded_up_and_clipping_keeps_the_box(p: Problem, data: st.DataObject) -> None:
    threat = data.draw(threats(p))
    steps = np.random.default_rng(0).normal(size=p.Z.shape) * np.abs(p.X).max()
    clipped = threat.clip(p.Z, steps)
    assert threat.holds(p.Z + clipped).all()
    free = replace(threat, feature_cost=None)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        exact = np.linalg.norm(clipped.astype(np.longdouble), ord=threat.norm, axis=1)
    assert (free.cost(clipped) >= exact * (1 - np.longdouble(2) ** -60)).all()
