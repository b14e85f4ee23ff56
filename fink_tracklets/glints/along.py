"""Do stamps show more flashes along a line of alerts? The evidence of their further peaks.

What spins flashes between its alerts, too faint for one: P2 sees several peaks in the stamps of
75 % of its tracklets' alerts, and of 18 % of all, along the track. A further peak counts where no
alert is, since where alerts are the line itself has told, and once for all stamps that show it.

A model is the share s of alerts with a further peak along the line; the share q of others that have
one in that direction is counted among what is on no line. The ratio s / q of an alert with one and
1 - s of an alert without has a mean by chance of at most one where q is not too small, and so has
the mean over models: NFA over it keeps the promise of NFA. Artefacts stand in rows, too: q is one
sigma up, and where the alerts around a line have such peaks more often, their share counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import betainc

from fink_tracklets.glints.measure import rows_of
from fink_tracklets.sky.plane import TangentPlane
from fink_tracklets.sky.sphere import ARCSEC, great_circle, position_angle, unit_vectors
from fink_tracklets.survey.glints import GlintSettings

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

SHARES = (0.2, 0.5, 0.8)
"""Models: how many alerts of an object have a further peak along its track."""
NULL_WEIGHT = 0.7
"""Weight of "no more than others have" among the models: LR is never below it."""
NEIGHBOURS = (10, 20, 40)
"""Alerts nearest to a line that are its surroundings; and all of its exposure."""
DENSER = 0.05
"""The surroundings count where so many of them with a peak have less than this chance."""
STAMP_REACH = 60.0 * ARCSEC
"""No stamp shows what is further from its middle than this [rad]."""


@dataclass(frozen=True, eq=False)
class Further:
    """The further peaks of a night's alerts, of those whose stamps tell."""

    alert_id: Ints
    """(n,) ascending."""
    exposure: NDArray[np.object_]
    """(n,) of each alert."""
    places: Array
    """(n, 3) unit vectors of the alerts."""
    owner: Ints
    """(m,) row of the alert in whose stamp a peak is."""
    offset: Array
    """(m, 2) east and north of the alert [arcsec]."""

    def along(self, angle_deg: float, width: float) -> Bools:
        """(n,) which alerts have a further peak in the direction of a position angle.

        Parameters
        ----------
        width : half width of the band [arcsec]
        """
        return np.bincount(
            self.owner[np.abs(_across(self.offset, angle_deg)) <= width],
            minlength=len(self.alert_id),
        ).astype(bool)


def _across(offset: Array, angle_deg: float) -> Array:
    """Distance of places (m, 2), east and north, from a line through the origin."""
    angle = np.radians(angle_deg)
    return np.asarray(offset[:, 0] * np.cos(angle) - offset[:, 1] * np.sin(angle))


def further_peaks(
    candidates: pd.DataFrame, peaks: pd.DataFrame, settings: GlintSettings
) -> Further:
    """The further peaks of alerts.

    Parameters
    ----------
    candidates : all of their exposures: alert_id, exposure, ra, dec
    peaks : of `measure_stamps`; stamps that tell nothing, that do not know where north is or have
        no central peak are left out
    """
    table = candidates.drop_duplicates("alert_id").merge(
        peaks.loc[peaks["stamp"] == "ok"].drop_duplicates("alert_id")[
            ["alert_id", "peak_east", "peak_north"]
        ],
        on="alert_id",
        how="left",
    )
    table = table.sort_values("alert_id", ignore_index=True)
    places = unit_vectors(table["ra"], table["dec"])
    of_exposure = table.groupby("exposure", sort=False).indices
    known: list[int] = []
    owner: list[int] = []
    offsets: list[Array] = [np.empty((0, 2))]
    for row, alert in enumerate(rows_of(table)):
        if not isinstance(alert.peak_east, list | np.ndarray) or not len(alert.peak_east):
            continue
        peak = np.stack([alert.peak_east, alert.peak_north], axis=1).astype(float)
        distance = np.hypot(*peak.T)
        if distance.min() > settings.centre_radius_arcsec:
            continue
        known.append(row)
        if len(peak) == 1:
            continue
        peak -= peak[distance.argmin()]
        here = of_exposure[alert.exposure]
        here = here[places[here] @ places[row] >= np.cos(STAMP_REACH)]
        plane = TangentPlane.at(alert.ra, alert.dec)
        alerts = np.stack(plane.offsets(places[here]), axis=1)
        apart = np.hypot(*np.moveaxis(peak[:, None] - alerts, -1, 0)).min(axis=1)
        peak = peak[apart > settings.centre_radius_arcsec]
        owner += [len(known) - 1] * len(peak)
        offsets.append(peak)
    some = table.iloc[known]
    return Further(
        some["alert_id"].to_numpy(np.int64),
        some["exposure"].to_numpy(object),
        places[known],
        np.array(owner, dtype=np.int64),
        np.concatenate(offsets),
    )


def stamps_evidence(
    lines: pd.DataFrame, further: Further, others: Bools, settings: GlintSettings
) -> pd.Series:
    """log10 LR of lines of alerts.

    Parameters
    ----------
    lines : line (its name), alert_id, exposure, ra, dec, along_arcsec: a row for each alert
    further : of all alerts
    others : (n,) which of these are on no line and no track

    Returns
    -------
    By the lines' names; zero where their stamps tell nothing.
    """
    width = settings.track_tolerance_arcsec
    found = {}
    for name, line in lines.sort_values(["along_arcsec", "alert_id"]).groupby("line"):
        points = unit_vectors(line["ra"], line["dec"])
        angles = position_angle(points, great_circle(points[0], points[-1]))
        seen = _seen(line, angles, further, width, settings)
        if not len(seen):
            found[name] = 0.0
            continue
        middle = points.mean(axis=0)
        share = _share(
            further.along(float(angles[len(angles) // 2]), width),
            others,
            (further.exposure == line["exposure"].iloc[0]) & others,
            further.places @ middle,
        )
        found[name] = log10_ratio(int(np.sum(seen)), len(seen), share)
    return pd.Series(found, dtype=float)


def _seen(
    line: pd.DataFrame, angles: Array, further: Further, width: float, settings: GlintSettings
) -> Bools:
    """Of the alerts of a line, one of each detection, that tell: which have a further peak along
    it that no stamp before has shown; those that show only such are left out."""
    told, seen, last = np.empty(0), [], -np.inf
    for alert_id, along, angle in zip(line["alert_id"], line["along_arcsec"], angles, strict=True):
        row = int(np.searchsorted(further.alert_id, alert_id))
        is_known = row < len(further.alert_id) and further.alert_id[row] == alert_id
        if not is_known or along - last < settings.same_flash_arcsec:
            continue
        last = along
        offset = further.offset[further.owner == row]
        offset = offset[np.abs(_across(offset, angle)) <= width]
        place = along + offset @ [np.sin(np.radians(angle)), np.cos(np.radians(angle))]
        again = np.abs(place[:, None] - told) <= settings.centre_radius_arcsec
        new = ~again.any(axis=1)
        told = np.append(told, place[new])
        if new.any() or not len(place):
            seen.append(bool(new.any()))
    return np.array(seen, dtype=bool)


def _share(along: Bools, others: Bools, here: Bools, nearness: Array) -> float:
    """The share of alerts with a further peak in a direction, by chance and one sigma up.

    Parameters
    ----------
    along : (n,) alerts with one
    others : (n,) those of the night that are on no line
    here : (n,) those of them in the line's exposure
    nearness : (n,) larger for what is nearer to the line
    """
    share = _one_up(int(np.sum(along & others)), int(np.sum(others)))
    rows = np.flatnonzero(here)
    rows = rows[np.argsort(-nearness[rows], kind="stable")]
    largest = share
    for m in (*NEIGHBOURS, len(rows)):
        k, n = int(np.sum(along[rows[:m]])), len(rows[:m])
        if k and betainc(k, n - k + 1, share) < DENSER:
            largest = max(largest, _one_up(k, n))
    return largest


def _one_up(k: int, n: int) -> float:
    """k of n as a share, one sigma and one more up."""
    return float(min((k + np.sqrt(k) + 1) / (n + 1), 1.0))


def log10_ratio(with_peak: int, of: int, share: float) -> float:
    """log10 of the likelihood ratio of alerts of which some have a further peak along the line.

    Parameters
    ----------
    with_peak, of : so many alerts of so many
    share : of alerts by chance
    """
    models = [(s / share) ** with_peak * (1 - s) ** (of - with_peak) for s in SHARES]
    return float(np.log10(NULL_WEIGHT + (1 - NULL_WEIGHT) * np.mean(models)))
