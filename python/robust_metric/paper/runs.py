"""Run the methods over the data sets, step by step, keeping each result as soon as it is there."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._base.arrays import Floats, Indices
from .._version import __version__
from ..results.robust_error import RobustErrorCurve, typical_points
from .cells import Cell, CellStore
from .methods import Method
from .protocol import N_TEST, Problem, load, stratified

EXACT, BOUND, ATTACK = "exact", "bound", "attack"

# What a learner may raise on data it cannot cope with: its row says so, the others go on.
_FAILURES = (ValueError, ArithmeticError, MemoryError, RuntimeError)


@dataclass(frozen=True)
class Plan:
    """What is run, and how.

    Parameters
    ----------
    neighbors : tuple of int
        Every K. Radii are exact for K = 1; else a lower bound, and the costs of an attack.
    n_test : int, optional
        Test points; None is all.
    n_train : int, optional
        Cut training sets to that many points: for trying things out, not the paper's protocol.
    fit_at_most : int, optional
        Training points that slow learners are fitted on at most: those that have a limit anyway.
    limits : tuple of (str, int)
        The same on single data sets, and for single methods whatever their own limit is, by name.
    attack : bool
        False to leave attacks out.
    attack_at_most : int, optional
        Test points that are attacked at most, the first ones.
    attack_limits : tuple of (str, int)
        The same for single data sets, by name.
    n_jobs : int, optional
        Threads; None is all cores.
    redo : collection of str
        Names of methods whose stored results are not used.
    compute : bool
        False to use what is stored, and leave out what is not.
    """

    neighbors: tuple[int, ...] = (1, 11)
    n_test: int | None = N_TEST
    n_train: int | None = None
    fit_at_most: int | None = None
    limits: tuple[tuple[str, int], ...] = ()
    attack: bool = True
    attack_at_most: int | None = None
    attack_limits: tuple[tuple[str, int], ...] = ()
    n_jobs: int | None = None
    redo: frozenset[str] = frozenset()
    compute: bool = True

    def command(self) -> str:
        """Return the command that runs this, without what does not change its figures."""
        options = ["robust-metric report paper --data DIR --out DIR"]
        if self.neighbors != (1, 11):
            options.append(f"--k {','.join(map(str, self.neighbors))}")
        if self.n_test != N_TEST and self.n_train is None:
            options.append(f"--n-test {self.n_test}")
        if self.n_train is not None:
            options.append("--quick")
        for option, general, single in (
            ("--fit-at-most", self.fit_at_most, self.limits),
            ("--attack-at-most", self.attack_at_most, self.attack_limits),
        ):
            limits = [str(general)] if general is not None else []
            limits += [f"{name}={limit}" for name, limit in single]
            if limits:
                options.append(f"{option} {','.join(limits)}")
        return " ".join(options)

    def attacked(self, problem: Problem) -> int:
        """How many test points are attacked: the first ones."""
        limit = dict(self.attack_limits).get(problem.name, self.attack_at_most)
        return len(problem.X) if limit is None else min(limit, len(problem.X))

    def facts(self, problem: Problem) -> str:
        """Return the sizes of a data set in a sentence."""
        n, d = problem.X_train.shape
        classes, attacked = len(set(problem.y_train.tolist())), self.attacked(problem)
        few = self.attack and attacked < len(problem.X)
        return (
            f"{n} training points, {d} features, {classes} classes; {len(problem.X)} test points"
            f"{f', the first {attacked} of them attacked' if few else ''}."
        )


@dataclass(frozen=True)
class Fit:
    """What a learner learned, and what that took."""

    components: Floats | None
    rows: Indices | None  # training points that are kept, None for all
    n_points: int
    seconds: float

    @property
    def digest(self) -> str:
        """Radii that were computed with another metric are told apart by it."""
        digest = hashlib.blake2b(digest_size=16)
        for array in (self.components, self.rows):
            digest.update(b"-" if array is None else np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class Witnesses:
    """A few test points and the nearest points of another class."""

    X: Floats
    perturbation: Floats
    label: NDArray[Any]
    adversarial_label: NDArray[Any]
    size: Floats


@dataclass
class MethodResult:
    """All that is known of one method on one data set."""

    method: Method
    fit: Fit | None = None
    curves: dict[tuple[int, str], RobustErrorCurve] = field(default_factory=dict)
    # of all points of a step, and how many these were
    seconds: dict[tuple[int, str], tuple[float, int]] = field(default_factory=dict)
    witnesses: Witnesses | None = None
    failure: str | None = None


@dataclass(frozen=True)
class SetResult:
    """All methods on one data set."""

    problem: Problem
    results: list[MethodResult]


def run(
    paths: Sequence[Path],
    methods: Sequence[Method],
    store: CellStore,
    plan: Plan,
    log: Callable[[str], None],
) -> list[SetResult]:
    """Run every method on every data file; what the store has is not done again.

    Parameters
    ----------
    paths : sequence of Path
        Data files, see `protocol.load`.
    methods : sequence of Method
    store : CellStore
    plan : Plan
    log : callable
        Is told what is done, a line each.

    Returns
    -------
    list of SetResult
        In the order of ``paths``.
    """
    found = []
    for path in paths:
        problem = load(path, plan.n_test, n_train=plan.n_train)
        n, d = problem.X_train.shape
        log(f"{problem.title}: {n} x {d}, {len(problem.X)} test points")
        results = [MethodResult(method) for method in methods]
        # attacks are slowest and come last: an interrupted run has the certified errors
        for kinds in ((EXACT, BOUND), (ATTACK,) if plan.attack else ()):
            for result in results:
                if result.failure is None:
                    _Run(problem, result.method, store, plan, log).add_to(result, kinds)
        found.append(SetResult(problem, results))
    return found


class _Run:
    """One method on one data set."""

    def __init__(
        self,
        problem: Problem,
        method: Method,
        store: CellStore,
        plan: Plan,
        log: Callable[[str], None],
    ) -> None:
        self._problem, self._method = problem, method
        self._store, self._plan, self._log = store, plan, log
        self._fit: Fit | None = None

    def add_to(self, result: MethodResult, kinds: tuple[str, ...]) -> None:
        """Add the fit and the radii of these kinds; what fails is noted in the result."""
        try:
            result.fit = self._fit = self._fitted(again=self._redo and result.fit is None)
            if self._fit is None:
                return
            for k in self._plan.neighbors:
                for step in _steps(k):
                    if step in kinds:
                        self._add_radii(result, k, step)
        except _FAILURES as error:
            result.failure = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            self._log(f"  {self._method.title}: failed, {result.failure}")

    @property
    def _redo(self) -> bool:
        return self._method.name in self._plan.redo

    def _fitted(self, again: bool) -> Fit | None:
        n_points = len(self._fit_rows())
        key = {
            "version": __version__,
            "data": self._problem.digest,
            "settings": self._method.settings(self._problem.unit),
            "code": self._method.code(),
            "n_points": n_points,
        }
        cell = self._step("fit", key, self._compute_fit, again)
        if cell is None:
            return None
        return Fit(
            cell.arrays.get("components"),
            cell.arrays.get("rows"),
            n_points,
            cell.values["seconds"],
        )

    def _compute_fit(self) -> Cell:
        if self._method.make is None:
            return Cell({"seconds": 0.0}, {})
        rows = self._fit_rows()
        X, y = self._problem.X_train[rows], self._problem.y_train[rows]
        learner = self._method.learner(self._plan.n_jobs, self._problem.unit)
        start = time.perf_counter()
        learner.fit(X, y)
        seconds = time.perf_counter() - start
        if self._method.prunes:
            return Cell({"seconds": seconds}, {"rows": rows[learner.kept_]})
        return Cell({"seconds": seconds}, {"components": np.asarray(learner.components_)})

    def _fit_rows(self) -> NDArray[np.intp]:
        limits, limit = dict(self._plan.limits), self._method.fit_at_most
        if self._method.name in limits:
            limit = limits[self._method.name]
        elif limit is not None:
            limit = min(limit, limits.get(self._problem.name, self._plan.fit_at_most or limit))
        return stratified(self._problem.y_train, limit)

    def _add_radii(self, result: MethodResult, k: int, step: str) -> None:
        assert self._fit is not None
        key: dict[str, Any] = {
            "version": __version__,
            "data": self._problem.digest,
            "fit": self._fit.digest,
        }
        count = len(self._problem.X)
        if step == ATTACK and self._plan.attacked(self._problem) < count:
            key["attacked"] = count = self._plan.attacked(self._problem)
        compute = {EXACT: self._exact, BOUND: self._bound, ATTACK: self._attack}[step]
        cell = self._step(f"k{k}-{step}", key, lambda: compute(k), self._redo)
        if cell is None:
            return
        clean, arrays = cell.values["clean_error"], cell.arrays
        result.seconds[k, step] = (cell.values["seconds"], count)
        kinds = {EXACT: "lower", ATTACK: "upper"} if step == EXACT else {step: "radius"}
        for kind, name in kinds.items():
            curve = RobustErrorCurve(self._method.title, k, kind, arrays[name], clean)
            result.curves[k, kind] = curve
        if step == EXACT:
            shown = arrays["shown"]
            result.witnesses = Witnesses(
                self._problem.X[shown],
                arrays["perturbation"],
                self._problem.y[shown],
                arrays["adversarial_label"],
                arrays["upper"][shown],
            )

    def _exact(self, k: int) -> Cell:
        clf, X, y = self._classifier(k), self._problem.X, self._problem.y
        start = time.perf_counter()
        found = clf.minimal_perturbation(X, y)
        values = self._values(start, found.label)
        shown = np.array(typical_points(found.lower, y), dtype=np.int64)
        arrays = {
            "lower": found.lower,
            "upper": found.upper,
            "shown": shown,
            "perturbation": found.perturbation[shown],
            "adversarial_label": found.adversarial_label[shown],
        }
        return Cell(values, arrays)

    def _bound(self, k: int) -> Cell:
        clf = self._classifier(k)
        start = time.perf_counter()
        found = clf.certify(self._problem.X, self._problem.y)
        return Cell(self._values(start, found.label), {"radius": found.radius})

    def _attack(self, k: int) -> Cell:
        from ..attacks import RegionAttack

        clf, count = self._classifier(k), self._plan.attacked(self._problem)
        start = time.perf_counter()
        found = RegionAttack()(clf, self._problem.X[:count], self._problem.y[:count])
        return Cell(self._values(start, found.label), {"radius": found.costs})

    def _values(self, start: float, label: NDArray[Any]) -> dict[str, Any]:
        return {
            "seconds": time.perf_counter() - start,
            "clean_error": float(np.mean(label != self._problem.y[: len(label)])),
        }

    def _classifier(self, k: int) -> Any:
        return self._base.set_params(n_neighbors=k)

    @cached_property
    def _base(self) -> Any:
        from ..estimators.classifier import CertifiedKNeighborsClassifier

        assert self._fit is not None
        X, y = self._problem.X_train, self._problem.y_train
        if self._fit.rows is not None:
            X, y = X[self._fit.rows], y[self._fit.rows]
        clf = CertifiedKNeighborsClassifier(1, self._fit.components, n_jobs=self._plan.n_jobs)
        return clf.fit(X, y)

    def _step(
        self, step: str, key: dict[str, Any], compute: Callable[[], Cell], again: bool
    ) -> Cell | None:
        """Return a step's result: the stored one, or a new one, which is then stored."""
        name = self._name(step)
        cell = None if again and self._plan.compute else self._store.get(name, key)
        if cell is None and self._plan.compute:
            cell = compute()
            self._store.put(name, key, cell)
            self._log(f"  {self._method.title}, {step}: {cell.values['seconds']:.1f} s")
        return cell

    def _name(self, step: str) -> str:
        return f"{self._problem.name}/{self._method.name}-{step}"


def _steps(k: int) -> tuple[str, ...]:
    return (EXACT,) if k == 1 else (BOUND, ATTACK)
