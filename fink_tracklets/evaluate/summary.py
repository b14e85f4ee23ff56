"""Recall and purity as rates with errors: as a whole, and by what they depend on."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from math import inf, sqrt
from typing import Any

import numpy as np
import pandas as pd

from fink_tracklets.evaluate.night import Evaluation

CANDIDATE_EDGES = (0, 10, 30, 100, 300, 1000, inf)
POINT_EDGES = (0, 5, 7, 11, 21, inf)
ARC_EDGES = (0, 100, 200, 400, 800, 1600, inf)
"""Edges of the groups by arc length [arcsec]."""


@dataclass(frozen=True)
class Rate:
    """k of n."""

    k: int
    n: int

    @property
    def value(self) -> float:
        """k / n; NaN of none."""
        return self.k / self.n if self.n else float("nan")

    def interval(self, z: float = 1.0) -> tuple[float, float]:
        """Wilson's interval (Wilson 1927, J. Am. Stat. Assoc. 22, 209) at z standard deviations."""
        if not self.n:
            return 0.0, 1.0
        n, p = self.n, self.value
        centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * sqrt(p * (1 - p) / n + (z / (2 * n)) ** 2)
        low = 0.0 if self.k == 0 else max(centre - half, 0.0)
        return low, 1.0 if self.k == n else min(centre + half, 1.0)

    def as_json(self) -> dict[str, Any]:
        """With its value, null of none, and its interval of one standard deviation."""
        low, high = self.interval()
        value = self.value if self.n else None
        return {"k": self.k, "n": self.n, "value": value, "low": low, "high": high}

    def __str__(self) -> str:
        if not self.n:
            return "-"
        low, high = self.interval()
        return f"{self.value:.3f} ({low:.2f}-{high:.2f})"


@dataclass(frozen=True)
class GroupRates:
    """Rates of one group."""

    group: str
    """What the group is called."""
    recall: Rate
    """True tracklets that were recovered."""
    recall_detectable: Rate
    """The same of those that could be found."""
    purity: Rate | None
    """Found tracklets that are true; None, as below, where found ones are not told apart."""
    alert_recall: Rate
    """Alerts of true tracklets that are in found ones of their own."""
    alert_purity: Rate | None
    """Alerts of found tracklets that are their owner's."""
    split: int
    """True tracklets that were found as several."""
    merged: int | None
    """Found tracklets that hold several true ones."""
    exposures: int | None
    """Exposures with any candidate."""
    false: int | None
    """Found tracklets that are not true."""

    def as_json(self) -> dict[str, Any]:
        """Plain numbers."""
        return {
            name: getattr(self, name).as_json() if isinstance(getattr(self, name), Rate) else value
            for name, value in asdict(self).items()
        }


@dataclass(frozen=True)
class Summary:
    """An evaluation in numbers."""

    total: GroupRates
    by: dict[str, tuple[GroupRates, ...]]
    """By candidates, points, arc_arcsec and, if known, orbit_class."""

    def as_json(self) -> dict[str, Any]:
        """For a JSON file."""
        by = {name: [line.as_json() for line in lines] for name, lines in self.by.items()}
        return {"total": self.total.as_json(), "by": by}

    def text(self, recall_only: bool = False) -> str:
        """A table for the terminal; intervals are of one standard deviation."""
        head = ["", "tracks", "recall", "detectable", "recall of these"]
        head += [] if recall_only else ["found", "purity", "false", "per exposure"]
        cells = [head, _cells("all", self.total, recall_only)]
        for name, lines in self.by.items():
            cells.append([TITLES[name]] + [""] * (len(head) - 1))
            cells += [_cells(f"  {line.group}", line, recall_only) for line in lines]
        widths = [max(len(row[k]) for row in cells) for k in range(len(head))]
        text = [
            "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])])
            for row in cells
        ]
        total = self.total
        text += [f"alerts of tracklets: recall {total.alert_recall}", f"split: {total.split}"]
        if not recall_only:
            text[-2] += f", purity {total.alert_purity}"
            text[-1] += f"; merged: {total.merged}; exposures: {total.exposures}"
        return "\n".join(line.rstrip() for line in text)


TITLES = {
    "candidates": "candidates in the exposure",
    "points": "flashes detected",
    "arc_arcsec": "arc length, arcsec",
    "orbit_class": "orbit",
}


def _cells(name: str, line: GroupRates, recall_only: bool) -> list[str]:
    cells = [name, f"{line.recall.n:,}", str(line.recall)]
    cells += [f"{line.recall_detectable.n:,}", str(line.recall_detectable)]
    if recall_only:
        return cells
    if line.purity is None:
        return [*cells, "", "", "", ""]
    each = f"{line.false / line.exposures:.4f}" if line.exposures and line.false is not None else ""
    return [*cells, f"{line.purity.n:,}", str(line.purity), f"{line.false:,}", each]


def summarize(evaluation: Evaluation) -> Summary:
    """Rates of the whole and by candidates, points, arc length and orbit class."""
    edges = {"candidates": CANDIDATE_EDGES, "points": POINT_EDGES, "arc_arcsec": ARC_EDGES}
    by = {}
    for name, limits in edges.items():
        lines = []
        for low, high in pairwise(limits):
            part = Evaluation(
                *(
                    table[table[name].between(low, high, inclusive="left")]
                    if name in table
                    else table.iloc[:0]
                    for table in (evaluation.tracks, evaluation.tracklets, evaluation.exposures)
                )
            )
            if len(part.tracks) or len(part.tracklets):
                group = f"{low}-{high - 1}" if name != "arc_arcsec" else f"{low}-{high}"
                group = f"{low} or more" if high == inf else group
                lines.append(_rates(group, part, exposures=name == "candidates"))
        by[name] = tuple(lines)
    classes = evaluation.tracks["orbit_class"]
    if classes.notna().any():
        none = evaluation.tracklets.iloc[:0], evaluation.exposures.iloc[:0]
        by["orbit_class"] = tuple(
            _rates(str(one), Evaluation(group, *none), found=False)
            for one, group in evaluation.tracks.groupby("orbit_class")
        )
    return Summary(_rates("all", evaluation), by)


def _rates(group: str, part: Evaluation, found: bool = True, exposures: bool = True) -> GroupRates:
    tracks, tracklets = part.tracks, part.tracklets
    can = tracks[tracks["detectable"]]
    return GroupRates(
        group=group,
        recall=_rate(tracks["recovered"]),
        recall_detectable=_rate(can["recovered"]),
        purity=_rate(tracklets["true"]) if found else None,
        alert_recall=Rate(int(tracks["alerts_found"].sum()), int(tracks["alerts"].sum())),
        alert_purity=Rate(int(tracklets["alerts_true"].sum()), int(tracklets["alerts"].sum()))
        if found
        else None,
        split=int(tracks["split"].sum()),
        merged=int(tracklets["merged"].sum()) if found else None,
        exposures=len(part.exposures) if found and exposures else None,
        false=int((~tracklets["true"].astype(bool)).sum()) if found else None,
    )


def _rate(yes: pd.Series) -> Rate:
    return Rate(int(np.count_nonzero(yes)), len(yes))
