"""All that is known of one tracklet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from fink_tracklets.service.reading.snapshot import HeldNight, Snapshot
from fink_tracklets.service.sky import fitted_curve, offsets, positions
from fink_tracklets.sky.plane import TangentPlane
from fink_tracklets.sky.sphere import unit_vectors

Row = dict[str, Any]


@dataclass(frozen=True)
class Details:
    """A tracklet with all that the store has of it. None: that was not looked for."""

    night: HeldNight
    tracklet: Row
    alerts: list[Row]
    """The alerts of the tracklet, in their order along the track."""
    others: list[Row]
    """Candidates of its exposure that belong to another tracklet or to none."""
    detectors: dict[int, int | None]
    """The detector of each alert of the exposure."""
    satellites: list[Row] | None
    """The best match first, then its rivals."""
    flashes: Row | None
    glints: list[Row] | None
    light_curve: list[Row] | None
    """The single flashes, in their order along the track."""
    orbit: Row | None
    """Its row of the table `orbits`, draws included; None where there is none."""
    links: list[Row]
    """To earlier tracklets, the best first."""
    stamps: frozenset[int] | None
    """Alerts that have stamps in the store."""
    at: TangentPlane
    """The plane of the curve."""
    curve: np.ndarray
    """The fitted curve in the plane, offsets [arcsec], shape (n, 2)."""

    @property
    def middle(self) -> tuple[float, float]:
        """Right ascension and declination [deg, ICRS] of the middle of the curve."""
        ra, dec = positions(self.at, self.curve[len(self.curve) // 2][None, :])[0]
        return float(ra), float(dec)


def details(snapshot: Snapshot, name: str) -> Details:
    """A tracklet of the store.

    Raises
    ------
    Refusal : 404 where there is none of that name
    """
    night = snapshot.night_of(name)
    (tracklet,) = [row for row in night.tracklets.to_pylist() if row["tracklet"] == name]
    alerts = _rows(night.part("tracklet_alerts", "tracklet", name)) or []
    alerts.sort(key=lambda row: (row["along_arcsec"], row["alert_id"]))
    ids = {row["alert_id"] for row in alerts}
    around = _rows(night.part("candidates", "exposure", tracklet["exposure"])) or []
    satellites = None
    if night.satellites is not None:
        satellites = [row for row in night.satellites.to_pylist() if row["tracklet"] == name]
        satellites.sort(key=lambda row: row["rank"])
    flashes = None
    if night.flashes is not None:
        flashes = [row for row in night.flashes.to_pylist() if row["tracklet"] == name]
    glints = _rows(night.part("glints", "tracklet", name))
    orbits = _rows(night.part("orbits", "tracklet", name)) or []
    links = _rows(night.part("links", "tracklet", name)) or []
    links.sort(key=lambda row: (row["score"] + row["rarity"], row["other"]))
    stamps = night.part("stamps", "tracklet", name, ["alert_id"])
    ra, dec, along = (
        np.array([row[c] for row in alerts], float) for c in ("ra", "dec", "along_arcsec")
    )
    at = TangentPlane.amid(unit_vectors(ra, dec))
    return Details(
        night=night,
        tracklet=tracklet,
        alerts=alerts,
        others=[row for row in around if row["alert_id"] not in ids],
        detectors={row["alert_id"]: row["detector"] for row in around},
        satellites=satellites,
        flashes=None if flashes is None else next(iter(flashes), {}),
        glints=glints,
        light_curve=_rows(night.part("light_curves", "tracklet", name)),
        orbit=next(iter(orbits), None),
        links=links,
        stamps=None if stamps is None else frozenset(stamps["alert_id"].to_pylist()),
        at=at,
        curve=fitted_curve(along, offsets(at, ra, dec)),
    )


def satellite_arc(found: Details, match: Row) -> np.ndarray | None:
    """A satellite's path among the stars during the exposure: offsets [arcsec] in time's order.

    Shape (3, 2); None where the match has none near.
    """
    places = [(match[f"arc_ra_{at}"], match[f"arc_dec_{at}"]) for at in ("start", "middle", "end")]
    if any(value is None for place in places for value in place):
        return None
    points = offsets(found.at, [ra for ra, _ in places], [dec for _, dec in places])
    return points if np.isfinite(points).all() else None


def _rows(table: pa.Table | None) -> list[Row] | None:
    return None if table is None else table.to_pylist()
