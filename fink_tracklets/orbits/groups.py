"""Links joined to objects: tracklets that one orbit explains together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fink_tracklets.orbits.classes import GEO, class_of
from fink_tracklets.orbits.element_row import normal_of
from fink_tracklets.orbits.fit import Pull, Track, Tracks, fit_orbits
from fink_tracklets.orbits.links import LINKED
from fink_tracklets.satellites.mean_elements import classical, six_of

Array = NDArray[np.float64]

EACH_FURTHER = 6.0
"""What each tracklet beyond the second may add to the score."""


@dataclass(frozen=True)
class Group:
    """Tracklets of one object, and its orbit."""

    tracklets: tuple[str, ...]
    """In order of time."""
    six: Array
    """(6,) as in `mean_elements`."""
    normal: Array
    """(6, 6) inverse covariance."""
    epoch_jd: float
    score: float
    links: tuple[int, ...]
    """Rows of the links that made it."""


def grow_groups(links: pd.DataFrame, tracks: Mapping[str, Track]) -> list[Group]:
    """Objects of links, the best links first.

    Two groups become one where an orbit through all of their tracklets is good; a link that would
    join what no orbit joins is left out.

    Parameters
    ----------
    links : tracklet, other, score, rarity and the elements
    tracks : by name, all that the links name
    """
    order = np.lexsort((links["tracklet"], links["other"], links["score"] + links["rarity"]))
    group_of: dict[str, Group] = {}
    for k in order:
        link = links.iloc[k]
        first, second = (group_of.get(link[name]) for name in ("other", "tracklet"))
        group: Group | None
        if first is not None and first is second:
            group = Group(**{**vars(first), "links": (*first.links, int(k))})
        else:
            pair = _pair(link, int(k), tracks)
            met = [one for one in (first, second) if one is not None]
            group = _joined([pair, *met], tracks) if met else pair
        if group is not None:
            group_of.update(dict.fromkeys(group.tracklets, group))
    found = {group.tracklets: group for group in group_of.values()}
    return [found[names] for names in sorted(found)]


def _pair(link: pd.Series, row: int, tracks: Mapping[str, Track]) -> Group:
    return Group(
        tracklets=_sorted((link["other"], link["tracklet"]), tracks),
        six=six_of(link),
        normal=normal_of(link),
        epoch_jd=float(link["epoch_jd"]),
        score=float(link["score"]),
        links=(row,),
    )


def _joined(groups: Sequence[Group], tracks: Mapping[str, Track]) -> Group | None:
    """One group of several, None where no orbit explains all; each one's orbit is a start."""
    names = _sorted({name for group in groups for name in group.tracklets}, tracks)
    together = Tracks.of([tracks[name] for name in names])
    best: Group | None = None
    for start in groups:
        a, e, i, *_ = classical(start.six)
        kind = class_of(a, e, np.degrees(i))
        pull = Pull.to(np.atleast_1d(a), np.atleast_1d(e), np.atleast_1d(kind == GEO))
        fit = fit_orbits(start.six[None], start.epoch_jd, together, pull)
        if best is None or fit.score[0] < best.score:
            best = Group(
                tracklets=names,
                six=fit.six[0],
                normal=fit.normal[0],
                epoch_jd=start.epoch_jd,
                score=float(fit.score[0]),
                links=tuple(sorted({row for group in groups for row in group.links})),
            )
    if best is None or best.score > LINKED + EACH_FURTHER * (len(names) - 2):
        return None
    return best


def _sorted(names: Iterable[str], tracks: Mapping[str, Track]) -> tuple[str, ...]:
    return tuple(sorted(names, key=lambda name: (tracks[name].jd, name)))
