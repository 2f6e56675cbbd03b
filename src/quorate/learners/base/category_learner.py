"""The base of every scikit-learn learner that splits categories themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from quorate.learners.base.category_codes import CategoryCodes, FlatRows, RowEncoding
from quorate.learners.base.scikit_learner import ScikitLearner
from quorate.table import Table


@dataclass(frozen=True)
class CategoryLearner(ScikitLearner):
    """Base of the learners that split a category into two sets of values, not value by value."""

    splits_categories: ClassVar[bool] = True
    most_unordered: ClassVar[int] = 0  # values of a category that the estimator splits itself

    def encoding(self, people: Table) -> RowEncoding:
        """Return one code a category; of people without categories, their features as they are."""
        if not any(column.values for column in people.columns):
            return FlatRows()
        return CategoryCodes.of(people, self.most_unordered)
