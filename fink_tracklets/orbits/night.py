"""The orbits of a night's tracklets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from fink_tracklets.orbits.beat import Beat, find_beat
from fink_tracklets.orbits.population import Nodes, Population, nodes_of
from fink_tracklets.orbits.posterior import Posterior, posterior
from fink_tracklets.orbits.rows import orbit_row
from fink_tracklets.orbits.sight import Sight, sight_of
from fink_tracklets.orbits.spread import in_parts
from fink_tracklets.orbits.track import packed
from fink_tracklets.sky.sphere import unit_vectors
from fink_tracklets.survey import Survey

WHICH = ("unmatched", "all")


@dataclass(frozen=True)
class Tracklets:
    """A night's tracklets as the stage takes them, frames with the tables' columns."""

    tracklets: pd.DataFrame
    alerts: pd.DataFrame
    exposures: pd.DataFrame
    own: dict[str, str]
    """The launch of the catalogued object that explains a tracklet, by the tracklet's name."""

    def take(self, which: str) -> Tracklets:
        """All tracklets, or those that no catalogued object explains."""
        if which == "all":
            return self
        return replace(self, tracklets=self.tracklets[~self.tracklets["tracklet"].isin(self.own)])


def sights(night: Tracklets, survey: Survey) -> Iterator[tuple[str, Sight | None, str | None]]:
    """Each tracklet's name with what it says, or with a sentence why it says nothing."""
    of_tracklet = dict(tuple(night.alerts.groupby("tracklet")))
    fields = night.exposures.set_index("exposure")[["ra", "dec"]]
    for _, row in night.tracklets.sort_values("tracklet").iterrows():
        ra, dec = fields.loc[row["exposure"]]
        try:
            seen = sight_of(row, of_tracklet[row["tracklet"]], unit_vectors(ra, dec), survey)
        except ValueError as error:
            yield row["tracklet"], None, str(error)
        else:
            yield row["tracklet"], seen, None


def without_launch(nodes: Nodes, launch: str) -> Nodes:
    """The nodes of all other launches: what is known of an object shall not be its own prior."""
    own = nodes.population.launch == launch
    return replace(nodes, weight=np.where(own[nodes.component], 0.0, nodes.weight))


def orbit_of(
    sight: Sight, nodes: Nodes, own: str | None = None
) -> tuple[Posterior | None, Beat | None]:
    """The posterior of a tracklet and its flashes' beat.

    Parameters
    ----------
    own : launch of the object that made it, if that is known
    """
    beat = find_beat(sight.line.points, sight.line.noise)
    return posterior(sight, without_launch(nodes, own) if own else nodes, beat), beat


@dataclass(frozen=True)
class _Shared:
    night: Tracklets
    population: Population
    survey: Survey

    @cached_property
    def nodes(self) -> Nodes:
        """Made once in each process."""
        return nodes_of(self.population)


def orbit_table(
    night: Tracklets, population: Population, survey: Survey, spark: Any = None
) -> pd.DataFrame:
    """The table `orbits` of some tracklets, in order of their names.

    Parameters
    ----------
    spark : the session on whose executors it is done; None: in this process
    """
    night = replace(night, tracklets=night.tracklets.sort_values("tracklet", ignore_index=True))
    shared = _Shared(night, population, survey)
    return pd.DataFrame(in_parts(spark, len(night.tracklets), _rows, shared))


def _rows(part: range, shared: _Shared) -> list[dict[str, Any]]:
    night = replace(shared.night, tracklets=shared.night.tracklets.iloc[part.start : part.stop])
    return [
        {**_row(name, sight, why, night.own.get(name), shared), "matched": name in night.own}
        for name, sight, why in sights(night, shared.survey)
    ]


def _row(
    name: str, sight: Sight | None, why: str | None, own: str | None, shared: _Shared
) -> dict[str, Any]:
    if sight is None:
        return {"tracklet": name, "note": why}
    found, beat = orbit_of(sight, shared.nodes, own)
    row = orbit_row(name, found, beat, shared.population)
    return row if found is None else {**row, "draws": packed(found, shared.population)}
