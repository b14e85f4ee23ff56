"""Blind match: every candidate, in a tracklet or not, against every arc (P2 section 3.2)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from fink_tracklets.satellites.identify import Catalogue, Scene
from fink_tracklets.satellites.likelihood import misfit
from fink_tracklets.sky.sphere import ARCSEC, along_across, unit_vectors
from fink_tracklets.survey.satellites import SatelliteLimits

METHODS = ("paper2", "likelihood")


@dataclass(frozen=True)
class Singles:
    """Each of n points against each of P objects, by place alone; all (P, n) but two."""

    points: np.ndarray
    """(n, 3) unit vectors."""
    along: np.ndarray
    """Place along the arc from its start [rad]."""
    aside: np.ndarray
    """To the left of the curved arc [rad]."""
    beyond: np.ndarray
    """Along the arc past its end, negative before its start, 0 inside [rad]."""
    score: np.ndarray
    """Misfit of lateness and distance aside, against what the elements err by."""
    rank: np.ndarray
    """Of several objects, the least is the best: -2 ln of how likely it makes the point."""
    likely: np.ndarray
    """Whether the object may have made the point."""
    reach: np.ndarray
    """(P,) how far aside of its arc [rad] an object in time may be."""

    def take(self, columns: np.ndarray) -> Singles:
        """Some of the points."""
        by_point = ("along", "aside", "beyond", "score", "rank", "likely")
        some = {name: getattr(self, name)[:, columns] for name in by_point}
        return replace(self, points=self.points[columns], **some)


def single_matches(candidates: pd.DataFrame, scene: Scene, limits: SatelliteLimits) -> Singles:
    """How late an object must be for its arc to reach a point, and how far aside of the curved arc
    the point lies, both against what its elements err by.

    Parameters
    ----------
    candidates : ra, dec, of the exposure of the scene
    """
    points = unit_vectors(candidates["ra"].to_numpy(), candidates["dec"].to_numpy())
    arcs = scene.nominal
    along, aside = arcs.measure(points)
    length = arcs.length[:, None]
    beyond = along - np.clip(along, 0, length)
    with np.errstate(divide="ignore", invalid="ignore"):
        late = np.where(beyond == 0, 0, beyond / arcs.orbital_rate[:, None])
    width_late = np.hypot(scene.errors.late_s, limits.min_lateness_s)[:, None]
    width_aside = np.hypot(scene.errors.aside_km / arcs.range_km, limits.min_aside_arcsec * ARCSEC)[
        :, None
    ]
    tail = scene.errors.tail[:, None]
    score = misfit(late / width_late, tail) + misfit(aside / width_aside, tail)

    # Of several objects that fit, the one that makes the point more likely comes first: the density
    # is spread over the area in which the object may be.
    room = length + 6 * width_late * np.abs(arcs.orbital_rate)[:, None]
    rank = score + 2 * np.log(width_aside / ARCSEC * room / ARCSEC)
    near = np.abs(beyond) < np.maximum(length, 10 * width_late * np.abs(arcs.orbital_rate)[:, None])
    likely = (score < limits.max_misfit) & near & scene.lit[:, None]
    reach = width_aside[:, 0] * np.sqrt(limits.max_misfit)
    return Singles(points, along, aside, beyond, score, rank, likely, reach)


def blind_matches(
    candidates: pd.DataFrame,
    single: Singles,
    scene: Scene,
    catalogue: Catalogue,
    limits: SatelliteLimits,
) -> pd.DataFrame:
    """The objects that each candidate of one exposure may belong to, by both methods.

    paper2: closer than `max_blind_distance_arcsec` to the arc's great circle and not further beyond
    the ends than the arc is long; its score is that distance. likelihood: lateness and distance
    aside of the curved arc as for tracklets; its score is the misfit, accepted below `max_misfit`.

    Parameters
    ----------
    candidates : alert_id, exposure, tracklet
    single : how they match
    scene : the objects around that exposure
    """
    # The paper's rule (P2 section 3.2, as P1 section 3.1): near the great circle, and beyond the
    # arc's ends by its length at most.
    arcs, beyond = scene.nominal, single.beyond
    _, across = along_across(single.points, arcs.points[:, None, 0], arcs.normal[:, None])
    paper = (np.abs(across) < limits.max_blind_distance_arcsec * ARCSEC) & (
        np.abs(beyond) <= arcs.length[:, None]
    )

    # One row for each pair of candidate and object that a method accepts.
    parts = []
    for method, kept, value, order in (
        ("paper2", paper, np.abs(across) / ARCSEC, np.abs(across)),
        ("likelihood", single.likely, single.score, single.rank),
    ):
        which, candidate = np.nonzero(kept)
        rows = scene.orbits.rows[which]
        parts.append(
            pd.DataFrame(
                {
                    "alert_id": candidates["alert_id"].to_numpy()[candidate],
                    "exposure": scene.exposure,
                    "tracklet": candidates["tracklet"].to_numpy()[candidate],
                    "norad_cat_id": catalogue.elements.norad_cat_id[rows],
                    "object_name": catalogue.elements.name[rows],
                    "method": method,
                    "distance_arcsec": np.abs(across[which, candidate]) / ARCSEC,
                    "beyond_arcsec": beyond[which, candidate] / ARCSEC,
                    "score": value[which, candidate],
                    "order": order[which, candidate],
                }
            )
        )
    found = pd.concat(parts).sort_values(["alert_id", "method", "order", "norad_cat_id"])
    found["rank"] = found.groupby(["alert_id", "method"]).cumcount() + 1
    return found.drop(columns="order")
