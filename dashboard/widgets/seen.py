"""What a page looks at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.runs.run import Run
from dashboard import loaders
from dashboard.selection import Columns, Filter, rows_of
from dashboard.server import opened


@dataclass(frozen=True, eq=False)
class Seen:
    """What a page looks at: a workspace, one finished run of it, and the filter in force."""

    path: str
    run: Run
    chosen: Filter

    @cached_property
    def opened(self) -> opened.Opened:
        """The workspace as it is open in this process."""
        return opened.open_workspace(self.path)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The K class names, hostile until escaped."""
        return loaders.dataset(self.path).classes

    @cached_property
    def columns(self) -> Columns:
        """What the filter looks at, for all N images."""
        return loaders.run_columns(self.path, self.run.run_id)

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Rows (M,) of the images that pass the filter, ascending."""
        return rows_of(self.chosen, self.columns)

    @cached_property
    def n_communities(self) -> int:
        """Communities of classes, classes without any confusion included."""
        return int(self.columns.community.max()) + 1

    @cached_property
    def suspects_of_class(self) -> NDArray[np.int64]:
        """Suspects by their given class, (K,): the images that `only suspects` leaves."""
        return np.bincount(self.columns.given[self.columns.is_suspect], minlength=len(self.classes))

    @cached_property
    def suspects_of_community(self) -> NDArray[np.int64]:
        """The same by community."""
        weights = self.suspects_of_class
        return np.bincount(self.columns.community, weights=weights, minlength=self.n_communities).astype(np.int64)

    @cached_property
    def has_images(self) -> bool:
        """Are there pixels to show?"""
        return loaders.dataset(self.path).pixels.kind != "none"

    def table(self, name: str) -> pd.DataFrame:
        """A table of the run."""
        return loaders.run_table(self.path, self.run.run_id, name)

    def json(self, name: str) -> dict[str, Any]:
        """A JSON artifact of the run."""
        return loaders.run_json(self.path, self.run.run_id, name)
