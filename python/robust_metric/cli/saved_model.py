"""A saved model as subcommands use it: with its scaling, its features' names and a threat model."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from typing import Any

from ..io import csv_options, threat_options
from ..io.csv_tables import Columns, LabelColumn
from ..io.data_files import read_points
from ..io.inputs import as_in_model
from ..io.model_files import load_feature_names, load_label_column, load_scaling
from ..io.scaling import Scaling
from ..threat import ThreatModel
from .data import Rows, check_labels, test_part


def inputs(args: argparse.Namespace) -> list[tuple[str, str]]:
    """Return the arguments that name what is read, with what they name."""
    return [("MODEL", args.model), ("DATA", args.data), *threat_options.files(args)]


@dataclass(frozen=True)
class SavedModel:
    """A classifier, what was done to its features, and what they are called.

    Parameters
    ----------
    clf : CertifiedKNeighborsClassifier
        With the threat model and the threads that the options ask for.
    scaling : Scaling, optional
        None where the model was fitted on raw features.
    feature_names : list of str, optional
    label : LabelColumn, optional
        Where the table that it was fitted to has its labels.
    """

    clf: Any
    scaling: Scaling | None
    feature_names: list[str] | None
    label: LabelColumn | None

    @classmethod
    def load(cls, args: argparse.Namespace) -> SavedModel:
        """Read the file that ``args.model`` names."""
        from ..estimators.saving import load_model

        clf = load_model(args.model)
        names = load_feature_names(args.model)
        if names is not None:
            del clf.feature_names_in_  # columns are matched where they are read; arrays have none
        scaling, given = load_scaling(args.model), clf.fitted_view().threat
        threat = threat_options.chosen(args, given, clf.n_features_in_, names, scaling)
        clf.set_params(n_jobs=args.n_jobs, threat=threat)
        return cls(clf, scaling, names, load_label_column(args.model))

    @property
    def threat(self) -> ThreatModel:
        """What perturbations may do and cost."""
        return self.clf.fitted_view().threat

    @property
    def metric(self) -> str:
        """What tables call the metric."""
        return "Euclidean" if self.clf.components_ is None else "learned"

    @property
    def units(self) -> str:
        """What radii are measured in."""
        return "the features' own units" if self.scaling is None else "scaled units"

    def rows_of(self, args: argparse.Namespace, *, scaled: bool = True) -> Rows:
        """Read the rows that the arguments name, with their classes unless there are none."""
        read = self._rows if args.no_label else self._labelled_rows
        rows = read(args.data, self._known(csv_options.chosen(args, self.label)))
        # what is outside the bounds is told by name and in the units of the table
        if self.scaling is None:
            self.threat.admit(rows.X, self.feature_names)
            return rows
        X = self.scaling.apply(rows.X)
        X = self.threat.admit(X, self.feature_names, (self.scaling.offset, self.scaling.scale))
        return rows._replace(X=X) if scaled else rows

    def _labelled_rows(self, data: str, columns: Columns) -> Rows:
        rows = test_part(data, columns, self.clf.n_features_in_)
        assert rows.y is not None
        check_labels(rows.y, self.clf.classes_, data)
        return rows

    def _rows(self, data: str, columns: Columns) -> Rows:
        parts = read_points(data, columns)
        names, width = self.feature_names, self.clf.n_features_in_
        X = as_in_model(parts.X_train, parts.feature_names, width, names)
        return Rows(X, None, parts.ids)

    def _known(self, columns: Columns) -> Columns:
        """Return the columns with what the model knows of them: it tells a header from a row."""
        return replace(columns, names=self.feature_names, classes=self.clf.classes_)
