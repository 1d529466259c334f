"""Changes of the training data that certificates are to survive, beside perturbations of the query."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields
from typing import Any


@dataclass(frozen=True)
class DataChanges:
    """What someone may do to the training data before the classifier gets it.

    Parameters
    ----------
    insert : int, default 0
        At most so many points are added, anywhere, with any labels, new ones too.
    delete : int, default 0
        At most so many points are taken out.
    relabel : int, default 0
        At most so many points get another label, a new one too.

    Raises
    ------
    ValueError
        If one is negative or not a whole number.

    Notes
    -----
    K, the metric and the scaling stay as they are: where these were learned from the same data, that
    is to be done on data one trusts.

    Examples
    --------
    Radii that hold whoever adds one point and gives another one a wrong label:

    >>> import robust_metric as rm
    >>> X_train, X_test, y_train, y_test = rm.datasets.load("iris")
    >>> clf = rm.CertifiedKNeighborsClassifier(n_neighbors=11).fit(X_train, y_train)
    >>> changes = rm.DataChanges(insert=1, relabel=1)
    >>> plain, harder = clf.certify(X_test), clf.certify(X_test, data_changes=changes)
    >>> bool((harder.radius <= plain.radius).all())
    True
    """

    insert: int = 0
    delete: int = 0
    relabel: int = 0

    def __post_init__(self) -> None:
        for name, value in zip(_NAMES, astuple(self), strict=True):
            try:
                count = operator.index(value)
            except TypeError:
                count = -1
            if isinstance(value, bool) or not 0 <= count < 2**62:
                raise ValueError(f"{name} must be a whole number from 0, got {value!r}")
            object.__setattr__(self, name, count)

    def __str__(self) -> str:
        """Return what may be done, as ``insert 1, relabel 2``; "none" where nothing may."""
        parts = [f"{name} {getattr(self, name)}" for name in _NAMES if getattr(self, name)]
        return ", ".join(parts) or "none"

    def pack(self) -> dict[str, int]:
        """Return it as a JSON object, which `unpack` reads."""
        return dict(zip(_NAMES, astuple(self), strict=True))

    @classmethod
    def unpack(cls, packed: Any) -> DataChanges | None:
        """Read what `pack` made; None is None, ValueError where it makes no sense."""
        if packed is None:
            return None
        if not isinstance(packed, Mapping) or not set(packed) <= set(_NAMES):
            raise ValueError(f"data_changes must have numbers for {_NAMES}, got {packed!r}")
        return cls(**packed)


_NAMES = tuple(field.name for field in fields(DataChanges))
