"""How many flashes become alerts of tracklets, from what `evaluate --json` wrote."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fink_tracklets.errors import UserError
from fink_tracklets.tables.summary import DENSITY_GROUP, POINT_GROUP
from fink_tracklets.years.summary import Summary

Array = NDArray[np.float64]
POINT_GROUPS = ("0-4", "5-6", "7-10", "11-20", "21 or more")
DENSITY_GROUPS = ("0-9", "10-29", "30-99", "100-299", "300-999", "1000 or more")


@dataclass(frozen=True, eq=False)
class Completeness:
    """Shares of flashes that are counted."""

    limits: Array
    """(l + 1,) edges of limiting magnitude; both ends are open."""
    edges: Array
    """(b + 1,) edges of limiting magnitude less magnitude; the last bin is open."""
    emitted: Array
    """(nights, l, b) flashes on a detector, detected or not; no nights where no truth was given."""
    counted: Array
    """(nights, l, b) alerts of flashes in tracklets."""
    recall_by: Array
    """(POINT_GROUP.n, DENSITY_GROUP.n) recall of injected tracks by events and candidates; ones
    where none were injected."""

    def share(self, limit: Array, beyond: Array) -> Array:
        """The share that is counted of flashes so much brighter than a limit; 0 below it.

        A limit at which no such flash was emitted has the share of all limits.

        Parameters
        ----------
        limit, beyond : limiting magnitude, and that less magnitude; of shapes that go together
        """
        if not len(self.emitted):
            return np.asarray(beyond >= 0, float)
        emitted, counted = self.emitted.sum(axis=0), self.counted.sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            of_all = np.nan_to_num(counted.sum(axis=0) / emitted.sum(axis=0))
            shares = np.where(emitted > 0, counted / emitted, of_all)
        row = np.searchsorted(self.limits[1:-1], limit, side="right")
        column = np.searchsorted(self.edges[1:-1], beyond, side="right")
        return np.asarray(np.where(beyond >= self.edges[0], shares[row, column], 0.0))

    def recall(self, s: Summary) -> float:
        """The factor by which tracklets that the finder misses add to those of a summary."""
        crowd = s["crowd"].astype(float)
        if not crowd.sum():
            return 1.0
        return float((crowd / self.recall_by).sum() / crowd.sum())

    def without_one(self) -> list[Completeness]:
        """With each night of the truth left out."""
        n = len(self.emitted)
        kept = [np.arange(n) != k for k in range(n)] if n > 1 else []
        return [
            replace(self, emitted=self.emitted[some], counted=self.counted[some]) for some in kept
        ]


def read_completeness(files: Sequence[str]) -> Completeness:
    """What evaluations say: of simulated nights by depth, of injected tracks by crowding.

    Parameters
    ----------
    files : written by `evaluate --json`

    Raises
    ------
    UserError : a file is none of these
    """
    emitted: list[list[list[int]]] = []
    counted: list[list[list[int]]] = []
    bins = [0.0, 1.0], [0.0, 1.0]
    recall = np.ones((POINT_GROUP.n, DENSITY_GROUP.n))
    for file in files:
        told = _read(file)
        flashes = told.get("flashes")
        if flashes is None:
            recall = recall * _recall(told)
            continue
        if emitted and bins != (flashes["limits"], flashes["edges"]):
            raise UserError(f"{file}: its bins of depth differ from those of the other files.")
        bins = flashes["limits"], flashes["edges"]
        emitted.append(flashes["emitted"])
        counted.append(flashes["counted"])
    limits, edges = (np.array(one, float) for one in bins)
    shape = (len(emitted), len(limits) - 1, len(edges) - 1)
    every, seen = (np.array(one, float).reshape(shape) for one in (emitted, counted))
    return Completeness(limits, edges, every, seen, recall)


def _read(file: str) -> dict[str, Any]:
    try:
        told = json.loads(Path(file).read_text())
    except OSError as error:
        raise UserError(f"{file}: cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise UserError(f"{file}: not valid JSON: {error}.") from error
    if not isinstance(told, dict) or not {"total", "by"} <= set(told):
        raise UserError(f"{file}: is not an evaluation: give what `evaluate --json` wrote.")
    return told


def _recall(told: dict[str, Any]) -> Array:
    """Recall by both groups, as if one did not depend on the other."""
    total = told["total"]["recall"]["value"] or 1.0

    def of(name: str, groups: Sequence[str]) -> Array:
        lines = {line["group"]: line["recall"]["value"] for line in told["by"].get(name, ())}
        return np.array([lines.get(group) or total for group in groups], float)

    by_points = of("points", POINT_GROUPS)
    by_density = of("candidates", DENSITY_GROUPS)
    return np.asarray(np.minimum(by_points[:, None] * by_density[None, :] / total, 1.0))
