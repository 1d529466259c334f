"""Counterfactuals of m queries: what would have had to be different, and how little."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._base.arrays import Floats, Mask
from .._base.frozen import FrozenArrays
from ..threat import ThreatModel
from .summaries import Described, Facts, describe_counts, describe_radii, numbered


class Change(NamedTuple):
    """One feature of one counterfactual that is not what it was.

    Parameters
    ----------
    row, number : int
        Which query, and which of its counterfactuals, both from 0.
    feature : str or int
        By name, or by number where features have none.
    old, new : float
        The feature's value in the query and in the counterfactual.
    label, counterfactual_label : class label
        The class predicted for the query and for the counterfactual.
    cost : float
        Of the whole counterfactual, in units of the threat model.
    """

    row: int
    number: int
    feature: str | int
    old: float
    new: float
    label: Any
    counterfactual_label: Any
    cost: float


@dataclass(frozen=True, eq=False, repr=False)
class Counterfactuals(FrozenArrays, Described):
    """Counterfactuals of m queries, up to n each, with proofs of how much cheaper others could be.

    Parameters
    ----------
    queries : (m, d) float64
        What they are counterfactuals of.
    points : (m, n, d) float64
        The classifier was run on each of these points. NaN where none was found.
    lower, upper : (m, n) float64
        ``upper`` is the cost of moving to the point, rounded up; inf where none was found. Nothing of
        a cost below ``lower`` (rounded down) reaches what is wanted, whatever values features take
        between the bounds: on a grid or not. Of a further counterfactual, this holds for those
        that leave alone what it leaves alone. Both are 0 where the wanted class is predicted already.
    label : (m,) array
        The class predicted for each query.
    counterfactual_label : (m, n) array
        That predicted for each point; the query's where none was found.
    status : (m, n) str
        As in `MinimalPerturbations`: exact, where the two agree; interval; time_limit; no_other_class
        and out_of_reach, where nothing reaches what is wanted; none, where no further one was looked
        for, as none was found before it.
    feature_names : tuple of str, optional
    threat : ThreatModel, optional
        What moving costs; by default its Euclidean norm.
    scale : (d,) float64, optional
        What differences are divided by before they cost anything, where the classifier was fitted on
        scaled features.
    """

    queries: Floats
    points: Floats
    lower: Floats
    upper: Floats
    label: NDArray[Any]
    counterfactual_label: NDArray[Any]
    status: NDArray[np.str_]
    feature_names: tuple[str, ...] | None = None
    threat: ThreatModel | None = None
    scale: Floats | None = None

    def __len__(self) -> int:
        """Return the number of queries."""
        return len(self.queries)

    @property
    def found(self) -> Mask:
        """(m, n) bool: where there is a counterfactual."""
        return np.isfinite(self.upper)

    def _facts(self) -> tuple[str, Facts]:
        return f"Counterfactuals of {numbered(self.label, 'predictions')}", [
            ("found", f"{int(self.found.sum())}, up to {self.upper.shape[1]} of each"),
            ("lower", describe_radii(self.lower[:, 0])),
            ("cost", describe_radii(self.upper[:, 0])),
            ("label", describe_counts(self.label)),
            ("reached", describe_counts(self.counterfactual_label[self.found])),
            ("threat", str(self.threat or ThreatModel())),
        ]

    def changes(self, row: int | None = None) -> list[Change]:
        """What differs, feature by feature: of one query or of all, the largest changes first.

        Changes are compared by their cost; counterfactuals that equal their query have none.
        """
        rows = range(len(self)) if row is None else [range(len(self))[row]]
        return [change for i in rows for change in self._changes_of(i)]

    def _changes_of(self, row: int) -> Iterator[Change]:
        threat = self.threat or ThreatModel()
        weight = threat.weights(self.queries.shape[1])
        weight = weight if self.scale is None else weight / self.scale
        for number in np.flatnonzero(self.found[row]).tolist():
            old, new = self.queries[row], self.points[row, number]
            moved = np.flatnonzero(old != new)
            size = np.abs(new - old)[moved] * np.where(np.isinf(weight), 1.0, weight)[moved]
            for j in moved[np.argsort(-size, kind="stable")].tolist():
                yield Change(
                    row,
                    number,
                    j if self.feature_names is None else self.feature_names[j],
                    float(old[j]),
                    float(new[j]),
                    _plain(self.label[row]),
                    _plain(self.counterfactual_label[row, number]),
                    float(self.upper[row, number]),
                )

    def to_frame(self, *, index: Sequence[Any] | None = None) -> Any:
        """Return `changes` as a pandas data frame, one line a change.

        Parameters
        ----------
        index : (m,) sequence, optional
            Names of the queries, for the column ``row``.

        Raises
        ------
        ImportError
            If pandas is not installed.
        ValueError
            If the index has another length.
        """
        if index is not None and len(index) != len(self):
            raise ValueError(
                f"index must have one name for each of {len(self)} rows, got {len(index)}"
            )
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError("to_frame needs pandas: pip install pandas") from error
        frame = pd.DataFrame(self.changes(), columns=list(Change._fields))
        if index is not None:
            frame["row"] = [index[i] for i in frame["row"]]
        return frame

    def table(self, row: int) -> str:
        """Return what differs for one query as text: feature, old and new value, a block for each."""
        row = range(len(self))[row]
        lines = [f"Predicted {_plain(self.label[row])!s}."]
        for number in range(self.points.shape[1]):
            if not self.found[row, number]:
                continue
            changes = [change for change in self.changes(row) if change.number == number]
            label = _plain(self.counterfactual_label[row, number])
            lower, upper = self.lower[row, number], self.upper[row, number]
            lines.append(
                f"{number + 1}. {label!s}, at a cost of {upper:.4g} (none below {lower:.4g}):"
            )
            cells = [(str(c.feature), f"{c.old:.6g}", f"{c.new:.6g}") for c in changes]
            widths = [max((len(cell[k]) for cell in cells), default=0) for k in range(3)]
            lines += [
                f"   {name:<{widths[0]}}  {old:>{widths[1]}} -> {new:>{widths[2]}}"
                for name, old, new in cells
            ] or ["   nothing has to change"]
        if not self.found[row].any():
            lines.append(
                f"None was found ({self.status[row, 0]}; none below {self.lower[row, 0]:.4g})."
            )
        return "\n".join(lines)


def _plain(label: Any) -> Any:
    return label.item() if isinstance(label, np.generic) else label
