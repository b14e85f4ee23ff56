"""What a stored night counts in a summary: from its tables, candidates part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import erfa
import numpy as np
import pandas as pd
from astropy_healpix import HEALPix
from numpy.typing import NDArray

from fink_tracklets.naming import parse_night
from fink_tracklets.sky.plane import TangentPlane
from fink_tracklets.sky.sphere import ra_dec, unit_vectors
from fink_tracklets.store.night import StoredNight
from fink_tracklets.survey import Survey
from fink_tracklets.tables import summary as axes
from fink_tracklets.tables.summary import (
    BLIND,
    CENTRAL,
    LOOKED,
    MULTI,
    STAMPED,
    TRACKLET,
    TRACKLET_MATCH,
)
from fink_tracklets.years.summary import Summary

GRID = HEALPix(axes.NSIDE, order="ring")
POINT_EDGES = (5, 7, 11, 21)
CANDIDATE_EDGES = (10, 30, 100, 300, 1000)
"""Lower edges of the groups of `evaluate`, but for the first."""
CANDIDATES = (
    *("alert_id", "exposure", "jd", "ra", "dec", "mag"),
    *("detector", "tracklet", "quality"),
)
MATCHED = TRACKLET_MATCH | BLIND
GLINTS = ("alert_id", "central_peak", "multi_peak", "instant_mag", "duration_s", "arc_source")


@dataclass(frozen=True)
class Known:
    """What the stages after the finder know of candidates, by alert id."""

    matched: frozenset[str]
    """The tracklets that are matched."""
    blind: NDArray[np.int64]
    """The candidates that are matched by themselves."""
    glints: pd.DataFrame | None
    """Of the table `glints`, by alert_id; None where stamps were not measured."""
    ran: int
    """The bits of the stages that ran."""


def count_night(
    stored: StoredNight, quality: Callable[[NDArray[np.int64]], NDArray[np.float64]] | None = None
) -> Summary:
    """The counts of a stored night, but for the plane of P1's figure 1.

    Parameters
    ----------
    quality : from alert ids to scores, where the night's own candidates have none
    """
    counted, survey, manifest = Summary.zero(), stored.survey, stored.manifest
    exposures, tracklets = stored.frame("exposures"), stored.frame("tracklets")
    known = _known(stored)
    counted.count("nights")
    for bit, name in ((LOOKED, "nights_looked"), (STAMPED, "nights_stamped")):
        counted.count(name, weights=int(bool(known.ran & bit)))
    counted.count("alerts_read", weights=manifest.alerts_read)
    counted.count("alerts_usable", weights=manifest.alerts_read - manifest.alerts_unusable.alerts)
    for k, step in enumerate(manifest.funnel):
        counted.count("funnel", k, weights=step.alerts)
    _count_exposures(counted, exposures, survey, known)
    _count_tracklets(counted, tracklets, known)
    members = []
    for part in candidate_parts(stored):
        if quality is not None:
            part["quality"] = quality(part["alert_id"].to_numpy(np.int64))
        members.append(_count_candidates(counted, part, known))
    _count_flashes(counted, pd.concat(members), tracklets, exposures)
    date = parse_night(stored.night)
    month = 12 * (date.year - 2000) + date.month - 1
    for name, n in {
        "exposures": len(exposures),
        "alerts": manifest.funnel[0].alerts if manifest.funnel else manifest.alerts_read,
        "candidates": manifest.rows["candidates"],
        "tracklet_alerts": manifest.rows["tracklet_alerts"],
    }.items():
        counted.count(f"month/{name}", month, weights=n)
    return counted


def candidate_parts(stored: StoredNight) -> Iterator[pd.DataFrame]:
    """A night's candidates, file by file: no process need hold all of them."""
    for part in stored.parts("candidates", CANDIDATES):
        yield part.to_pandas()


def _known(stored: StoredNight) -> Known:
    looked, stamped = stored.has("satellites"), stored.has("glints")
    matched = stored.table("satellites", ["tracklet"])["tracklet"].to_pylist()
    blind = stored.table("blind_matches", ["alert_id"])["alert_id"].to_numpy()
    glints = stored.table("glints", list(GLINTS)).to_pandas() if stamped else None
    return Known(
        frozenset(matched),
        np.unique(blind),
        None if glints is None else glints.drop_duplicates("alert_id").set_index("alert_id"),
        looked * LOOKED | stamped * STAMPED,
    )


def _count_exposures(
    counted: Summary, exposures: pd.DataFrame, survey: Survey, known: Known
) -> None:
    n, each = len(exposures), round(1000 * survey.exposure_time_s)
    counted.count("exposures", weights=n)
    counted.count("exposure_ms", weights=n * each)
    full = LOOKED | STAMPED
    for name, bits in (("exposure_looked_ms", LOOKED), ("exposure_full_ms", full)):
        counted.count(name, weights=n * each * (known.ran & bits == bits))
    counted.count("exposures_with_tracklets", weights=int((exposures["tracklets"] > 0).sum()))
    counted.count("candidates", axes.CANDIDATES.bins(exposures["candidates"]))
    depth = axes.MAG.bins(exposures["limiting_mag"])
    counted.count("depth", depth, weights=each)
    counted.count("depth_unknown_ms", weights=int((depth < 0).sum()) * each)
    placed = exposures.dropna(subset=["ra", "dec"])
    pixels = covered(placed["ra"].to_numpy(), placed["dec"].to_numpy(), survey.field_area_deg2)
    counted.count("map/exposure", pixels, weights=each)


def covered(
    ra: NDArray[np.float64], dec: NDArray[np.float64], area_deg2: float
) -> NDArray[np.int64]:
    """The HEALPix pixels of `SAMPLES`^2 places in each field: a square to the north.

    Parameters
    ----------
    ra, dec : (n,) middles of the fields [deg, ICRS]
    """
    side = 3600 * np.sqrt(area_deg2)
    steps = side * ((np.arange(axes.SAMPLES) + 0.5) / axes.SAMPLES - 0.5)
    east, north = (grid.ravel() for grid in np.meshgrid(steps, steps))
    vectors = [TangentPlane.at(*place).vectors(east, north) for place in zip(ra, dec, strict=True)]
    return pixel_of(*ra_dec(np.concatenate(vectors))) if vectors else np.zeros(0, np.int64)


def pixel_of(ra: NDArray[np.float64], dec: NDArray[np.float64]) -> NDArray[np.int64]:
    """The HEALPix pixel of positions [deg, ICRS]."""
    from astropy import units

    found: NDArray[np.int64] = GRID.lonlat_to_healpix(ra * units.deg, dec * units.deg)
    return np.asarray(found, np.int64)


def _count_tracklets(counted: Summary, tracklets: pd.DataFrame, known: Known) -> None:
    matched = tracklets["tracklet"].isin(known.matched).to_numpy()
    counted.count("tracklets", weights=len(tracklets))
    counted.count("tracklets_looked", weights=len(tracklets) * bool(known.ran & LOOKED))
    counted.count("tracklets_matched", weights=int(matched.sum()))
    counted.count("tracklet_alerts", weights=int(tracklets["n_alerts"].sum()))
    points = axes.POINTS.bins(tracklets["n_points"])
    with np.errstate(divide="ignore"):
        length = axes.LENGTH.bins(np.log10(tracklets["length_arcsec"].to_numpy(float)))
    for name, chosen in (("all", slice(None)), ("matched", matched)):
        counted.count(f"points/{name}", points[chosen])
        counted.count(f"length/{name}", length[chosen])


def _count_candidates(counted: Summary, part: pd.DataFrame, known: Known) -> pd.DataFrame:
    """Counts some candidates; those in tracklets, with what is known of their flashes."""
    ids = part["alert_id"].to_numpy(np.int64)
    evidence = TRACKLET * part["tracklet"].notna().to_numpy()
    evidence = evidence | TRACKLET_MATCH * part["tracklet"].isin(known.matched).to_numpy()
    evidence = evidence | BLIND * np.isin(ids, known.blind) | known.ran
    flashes = None if known.glints is None else known.glints.reindex(ids)
    if flashes is not None:
        for bit, name in ((MULTI, "multi_peak"), (CENTRAL, "central_peak")):
            evidence = evidence | bit * flashes[name].eq(True).to_numpy()
    evidence = evidence.astype(np.int64)
    counted.count("evidence", evidence)
    any_of = evidence & (TRACKLET | MATCHED | MULTI) != 0
    classes = {
        "all": np.ones(len(part), bool),
        "tracklet": evidence & TRACKLET != 0,
        "multi_peak": evidence & MULTI != 0,
        "blind": evidence & BLIND != 0,
        "any": any_of,
    }
    ra, dec = part["ra"].to_numpy(float), part["dec"].to_numpy(float)
    bins = {
        "mag": axes.MAG.bins(part["mag"]),
        "quality": axes.QUALITY.bins(part["quality"].astype(float)),
        "elongation": axes.ELONGATION.bins(elongation(part["jd"].to_numpy(float), ra, dec)),
        "detector": axes.DETECTOR.bins(part["detector"].astype(float)),
        "map": pixel_of(ra, dec),
    }
    for name, places in bins.items():
        for one, chosen in classes.items():
            counted.count(f"{name}/{one}", places[chosen])
    inside = classes["tracklet"]
    members = part.loc[inside, ["exposure", "tracklet", "mag"]].reset_index(drop=True)
    for name in ("instant_mag", "duration_s", "arc_source"):
        members[name] = None if flashes is None else flashes.loc[ids[inside], name].to_numpy()
    return members


def elongation(
    jd: NDArray[np.float64], ra: NDArray[np.float64], dec: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Distance from the Sun [deg]; the phase angle of what is near is 180 degrees less this.

    Parameters
    ----------
    jd : (n,) UTC
    ra, dec : (n,) [deg, ICRS]
    """
    moments, which = np.unique(jd, return_inverse=True)
    earth = erfa.epv00(moments, 0.0)[0]["p"]  # from the Sun
    sun = -earth / np.linalg.norm(earth, axis=-1, keepdims=True)
    cosine = np.sum(sun[which] * unit_vectors(ra, dec), axis=-1)
    return np.degrees(np.arccos(cosine.clip(-1, 1)))


def _count_flashes(
    counted: Summary, members: pd.DataFrame, tracklets: pd.DataFrame, exposures: pd.DataFrame
) -> None:
    """Counts the events of tracklets, whose numbers hang together, and their flashes."""
    _count_squares(counted, "mag", axes.MAG.bins(members["mag"]), members["tracklet"])
    sizes = exposures.set_index("exposure")["candidates"]
    points = np.digitize(tracklets["n_points"], POINT_EDGES)
    crowd = np.digitize(tracklets["exposure"].map(sizes), CANDIDATE_EDGES)
    counted.count("crowd", points, crowd, weights=tracklets["n_alerts"])
    instant = axes.INSTANT.bins(members["instant_mag"].astype(float))
    matched = members["arc_source"].eq("satellite").to_numpy()
    with np.errstate(divide="ignore"):
        duration = axes.DURATION.bins(np.log10(members["duration_s"].astype(float)))
    counted.count("instant/tracklet", instant)
    counted.count("instant/matched", instant[matched])
    counted.count("flash", duration[matched], instant[matched])
    _count_squares(counted, "instant", instant[matched], members.loc[matched, "tracklet"])


def _count_squares(
    counted: Summary, name: str, bins: NDArray[np.int64], tracklet: pd.Series
) -> None:
    """For each bin the sum of the squared numbers of each tracklet's events up to it."""
    n = {"mag": axes.MAG.n, "instant": axes.INSTANT.n}[name]
    groups, of = np.unique(tracklet.to_numpy(str), return_inverse=True)
    numbers = np.zeros((len(groups), n), np.int64)
    np.add.at(numbers, (of[bins >= 0], bins[bins >= 0]), 1)
    squares = (np.cumsum(numbers, axis=1) ** 2).sum(axis=0)
    counted.count(f"squares/{name}", np.arange(n), weights=squares)
