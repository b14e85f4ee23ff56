"""A night's identification, top to bottom: element sets and tracklets in, matches out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fink_tracklets.satellites import likelihood, paper1, paper2
from fink_tracklets.satellites.arcs import Arcs, Orbits, orbits_near
from fink_tracklets.satellites.crowd import Crowd, crowd
from fink_tracklets.satellites.elements import Elements, nearest_sets
from fink_tracklets.satellites.error_laws import ElementErrors, element_errors, orbit_classes
from fink_tracklets.satellites.matches import Matches
from fink_tracklets.satellites.propagation import instants, propagate, sunlit
from fink_tracklets.sky.sphere import unit_vectors
from fink_tracklets.survey import Survey

FAR_LATENESS = 20.0
"""Objects later than so many widths are not looked for."""
NEAR_DEG = 2.0
"""Room aside, where the likelihood decides."""
BATCH = 8
"""Exposures for which all objects are propagated at once: bounds memory."""


@dataclass(frozen=True)
class Catalogue:
    """Element sets, and what the matcher needs of them."""

    elements: Elements
    classes: np.ndarray
    """(S,) the class of each set's orbit, a key of `error_laws.LAWS`."""

    @classmethod
    def of(cls, elements: Elements) -> Catalogue:
        """The classes of the sets' orbits."""
        return cls(elements, orbit_classes(elements.orbits(), elements.name))


@dataclass(frozen=True)
class Scene:
    """One exposure and the objects around its points."""

    exposure: str
    """Name of the exposure."""
    orbits: Orbits
    """The P objects that come near."""
    nominal: Arcs
    """The arcs of these objects, as their elements say."""
    lit: np.ndarray
    """(P,) whether they are outside the Earth's shadow."""
    errors: ElementErrors
    """What their elements err by."""
    crowd: Crowd
    """All objects around: what chance has to offer."""
    age_days: np.ndarray
    """(P,) age of their elements: exposure minus epoch."""


@dataclass(frozen=True)
class Fields:
    """E exposures: when, and where their points lie."""

    exposure: np.ndarray
    """(E,) their names."""
    jd: np.ndarray
    """(E,) their starts, Julian dates, UTC."""
    centre: np.ndarray
    """(E, 3) the middle of each exposure's points, unit vectors, ICRS."""
    radius: np.ndarray
    """(E,) of the circle about the centre that holds the points [rad]."""


def fields_of(points: pd.DataFrame) -> Fields:
    """The exposures of some points (columns exposure, jd, ra, dec), sorted by exposure."""
    vectors = unit_vectors(points["ra"], points["dec"])
    frame = pd.DataFrame(vectors, columns=["x", "y", "z"]).assign(
        exposure=points["exposure"].to_numpy(), jd=points["jd"].to_numpy()
    )
    mean = frame.groupby("exposure").agg(
        jd=("jd", "min"), x=("x", "mean"), y=("y", "mean"), z=("z", "mean")
    )
    centre = mean[["x", "y", "z"]].to_numpy()
    centre = centre / np.linalg.norm(centre, axis=1, keepdims=True)
    code = mean.index.get_indexer(pd.Index(frame["exposure"]))
    cosine = pd.Series((vectors * centre[code]).sum(axis=1)).groupby(code).min().to_numpy()
    radius = np.arccos(np.clip(cosine, -1, 1))
    return Fields(mean.index.to_numpy(), mean["jd"].to_numpy(), centre, radius)


def scenes(
    catalogue: Catalogue, fields: Fields, survey: Survey, shift_s: float = 0.0
) -> Iterator[Scene]:
    """The objects around each exposure, `shift_s` seconds later than it was.

    First all objects at each exposure's middle; then, on a grid of times, those that come near its
    points if they are as late as their elements allow, or within P1's cone where a paper's method
    decides.
    """
    # A paper's method needs the objects within P1's cone (20 degrees, section 2.1).
    limits, half = survey.satellites, survey.exposure_time_s / 2
    epoch = catalogue.elements.epoch_jd
    propagator = catalogue.elements.propagator()
    papers = limits.method != "likelihood"
    cone = np.radians(limits.max_start_distance_deg if papers else NEAR_DEG)

    # All objects at the middles of a batch of exposures.
    for first in range(0, len(fields.jd), BATCH):
        batch = slice(first, first + BATCH)
        jd = fields.jd[batch]
        at = instants(jd, shift_s + half, survey.site)
        states = propagate(propagator, at)
        usable = nearest_sets(catalogue.elements, jd, limits.max_element_age_days)

        # For how long an object may move before it passes the points: it is late, or early, by no
        # more than so many widths.
        late = element_errors(catalogue.classes, jd.mean() - epoch).late_s
        late = np.minimum(FAR_LATENESS * np.hypot(late, 1), limits.max_lateness_s)
        moving_s = half + np.maximum(late, survey.exposure_time_s)
        for k in range(len(jd)):
            # Those that come near the points within that time, at the speed that they have.
            x = states.position_km[:, k] - at.observer_km[k]
            distance = np.sqrt(np.einsum("ij,ij->i", x, x))
            speed = np.linalg.norm(states.velocity_km_s[:, k], axis=1) + 0.5
            reach = cone + fields.radius[first + k] + np.minimum(speed * moving_s / distance, np.pi)
            with np.errstate(invalid="ignore"):
                near = x @ fields.centre[first + k] > np.cos(np.minimum(reach, np.pi)) * distance
            rows = np.flatnonzero(near & usable[:, k])
            around = crowd(
                states.position_km[usable[:, k], k],
                states.velocity_km_s[usable[:, k], k],
                at,
                k,
                centre=fields.centre[first + k],
                radius=fields.radius[first + k],
                exposure_s=survey.exposure_time_s,
            )
            yield _scene(
                catalogue, rows, fields.exposure[first + k], jd[k], survey, shift_s, around
            )


def _scene(
    catalogue: Catalogue,
    rows: np.ndarray,
    exposure: str,
    jd: float,
    survey: Survey,
    shift_s: float,
    around: Crowd,
) -> Scene:
    """One exposure with the objects `rows`, finely in time, and what is known of them."""
    orbits = orbits_near(
        catalogue.elements,
        rows,
        jd=jd,
        seconds=shift_s,
        exposure_s=survey.exposure_time_s,
        margin_s=survey.satellites.max_lateness_s,
        site=survey.site,
    )
    rows = orbits.rows
    nominal = orbits.arcs(np.arange(len(rows)), np.zeros(len(rows)))
    age = jd - catalogue.elements.epoch_jd[rows]
    errors = element_errors(catalogue.classes[rows], age)
    lit = sunlit(nominal.position_km, orbits.observer.sun[1])
    return Scene(
        exposure=exposure,
        orbits=orbits,
        nominal=nominal,
        lit=lit,
        errors=errors,
        crowd=around,
        age_days=age,
    )


def match_tracklet(points: np.ndarray, scene: Scene, survey: Survey) -> Matches:
    """The objects that may have made a tracklet, by the survey's method.

    Parameters
    ----------
    points : (n, 3) unit vectors, sorted along the tracklet, ICRS
    """
    limits = survey.satellites
    if limits.method == "paper1":
        return paper1.paper1_matches(points, scene.nominal, limits)
    if limits.method == "paper2":
        return paper2.paper2_matches(points, scene.nominal, limits)
    return likelihood.likelihood_matches(
        points,
        scene.orbits,
        nominal=scene.nominal,
        lit=scene.lit,
        errors=scene.errors,
        density=scene.crowd.density(*likelihood.ends(points)),
        limits=limits,
    )


def tracklet_points(alerts: pd.DataFrame) -> dict[str, dict[str, np.ndarray]]:
    """Exposure to tracklet to its points (n, 3), sorted along it; duplicate packets count once.

    Parameters
    ----------
    alerts : tracklet, exposure, ra, dec, along_arcsec
    """
    ordered = alerts.sort_values(["exposure", "tracklet", "along_arcsec", "ra", "dec"])
    ordered = ordered.drop_duplicates(["tracklet", "ra", "dec"])
    found: dict[str, dict[str, np.ndarray]] = {}
    for (exposure, tracklet), rows in ordered.groupby(["exposure", "tracklet"], sort=True):
        found.setdefault(str(exposure), {})[str(tracklet)] = unit_vectors(rows["ra"], rows["dec"])
    return found
