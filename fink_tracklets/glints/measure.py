"""From the peaks in stamps to the table `glints`: one row per candidate. pandas, no Spark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from fink_tracklets.glints.magnitudes import (
    duration,
    instant_magnitude,
    lambertian,
    specular,
    standard_magnitude,
    to_g,
)
from fink_tracklets.glints.path import POSITIONS
from fink_tracklets.glints.peaks import (
    NONE,
    Array,
    Peaks,
    common_line,
    find_peaks,
    on_track,
    smallest_spacing,
)
from fink_tracklets.sky.plane import TangentPlane
from fink_tracklets.sky.sphere import great_circle, position_angle, ra_dec, unit_vectors
from fink_tracklets.survey import Survey
from fink_tracklets.survey.glints import GlintSettings

PEAK_DDL = (
    "alert_id bigint, limiting_mag double, stamp string, science_noise double, "
    "difference_noise double, masked_fraction double, peak_x array<double>, peak_y array<double>, "
    "peak_snr array<double>, peak_flux array<double>, peak_east array<double>, "
    "peak_north array<double>"
)
"""What `measure_stamps` returns, as Spark SQL spells it."""
SATELLITE = ("tracklet", "norad_cat_id", "arc_arcsec", "range_km", "phase_angle_deg", "rcs_m2")
ENDS = ("ra_start", "dec_start", "ra_end", "dec_end")


def measure_stamps(alerts: pd.DataFrame, settings: GlintSettings) -> pd.DataFrame:
    """The peaks in each alert's stamps, in the columns of `PEAK_DDL`.

    Parameters
    ----------
    alerts : alert_id, limiting_mag, science, template, difference (FITS as received, or None)
    """
    rows = []
    columns = ("alert_id", "limiting_mag", "science", "template", "difference")
    for row in rows_of(alerts[list(columns)]):
        alert_id, limiting_mag, science, template, difference = row
        p = find_peaks(science, template, difference, settings)
        noises = (p.science_noise, p.difference_noise, p.masked_fraction)
        rows.append(
            (alert_id, limiting_mag, p.status, *noises, p.x, p.y, p.snr, p.flux, p.east, p.north)
        )
    return pd.DataFrame(rows, columns=[field.split()[0] for field in PEAK_DDL.split(", ")])


def rows_of(frame: pd.DataFrame) -> Iterator[Any]:
    """The rows as named tuples."""
    return iter(frame.itertuples(index=False))


def _peaks(row: Any) -> Peaks:
    def values(given: Any) -> Array | None:
        return None if given is None else np.asarray(given, dtype=float)

    arrays = [values(given) for given in (row.peak_x, row.peak_y, row.peak_snr, row.peak_flux)]
    x, y, snr, flux = (NONE if array is None else array for array in arrays)
    noises = (row.science_noise, row.difference_noise, row.masked_fraction)
    east, north = values(row.peak_east), values(row.peak_north)
    return Peaks(row.stamp, *noises, x=x, y=y, snr=snr, flux=flux, east=east, north=north)


def track_angles(alerts: pd.DataFrame, tracklets: pd.DataFrame) -> pd.Series:
    """Position angle [deg] of its tracklet's great circle at each alert, NaN without a tracklet.

    Parameters
    ----------
    alerts : tracklet, ra, dec
    tracklets : the table `tracklets`
    """
    ends = alerts[["tracklet"]].merge(tracklets, on="tracklet", how="left")
    angles = np.full(len(alerts), np.nan)
    inside = ends["ra_start"].notna().to_numpy()
    ends, there = ends[inside], alerts[inside]
    first = unit_vectors(ends["ra_start"], ends["dec_start"])
    last = unit_vectors(ends["ra_end"], ends["dec_end"])
    if len(ends):
        points = unit_vectors(there["ra"], there["dec"])
        angles[inside] = position_angle(points, great_circle(first, last))
    return pd.Series(angles, alerts.index)


def arcs(tracklets: pd.DataFrame, satellites: pd.DataFrame) -> pd.DataFrame:
    """For each tracklet the arc by which its times are told, and its satellite's figures.

    Also the tracklet's end points and the positions on the satellite's arc.

    The best satellite's arc counts where it is at least as long as the tracklet (within 5 %).

    Parameters
    ----------
    tracklets : the table `tracklets`
    satellites : the table `satellites`, or an empty frame
    """
    if satellites.empty:
        best = pd.DataFrame(columns=[*SATELLITE, *POSITIONS])
    else:
        best = satellites[satellites["rank"] == 1].drop_duplicates("tracklet")
        best = best[[*SATELLITE, *POSITIONS]]
    found = tracklets[["tracklet", "length_arcsec", *ENDS]]
    found = found.merge(best, on="tracklet", how="left")
    for name in (*SATELLITE[2:], *POSITIONS):
        found[name] = found[name].astype(float)
    known = found["arc_arcsec"] >= 0.95 * found["length_arcsec"]
    found["arc_source"] = np.where(known, "satellite", "tracklet")
    found["arc_arcsec"] = found["arc_arcsec"].where(known, found["length_arcsec"])
    return found


def flash_columns(alerts: pd.DataFrame, survey: Survey, settings: GlintSettings) -> pd.DataFrame:
    """Duration and magnitudes of flashes, by the equations of P1.

    Parameters
    ----------
    alerts : band, mag, limiting_mag, arc_arcsec, range_km, phase_angle_deg
    """
    tau = duration(alerts["arc_arcsec"], settings.psf_scale_arcsec, survey.exposure_time_s)
    instant = instant_magnitude(alerts["mag"], tau, survey.exposure_time_s)
    g = to_g(instant, alerts["band"], dict(settings.to_g))
    phase, distance = alerts["phase_angle_deg"], alerts["range_km"]
    return alerts.assign(
        duration_s=tau,
        instant_mag=instant,
        amplitude_mag=alerts["limiting_mag"] - alerts["mag"],
        standard_mag=standard_magnitude(g, distance, specular(phase)),
        standard_mag_lambert=standard_magnitude(g, distance, lambertian(phase)),
    )


def glint_table(
    candidates: pd.DataFrame,
    tracklets: pd.DataFrame,
    peaks: pd.DataFrame,
    satellites: pd.DataFrame,
    blind_matches: pd.DataFrame,
    survey: Survey,
) -> pd.DataFrame:
    """The table `glints`, and a column `track_peaks` more: each alert's peaks on its track.

    Parameters
    ----------
    candidates, tracklets, satellites, blind_matches : tables of the store; the last two may be
        empty
    peaks : of `measure_stamps`; alerts that it lacks have the stamp `missing`
    """
    settings = survey.glints
    assert settings is not None
    # What the stamps show of each candidate, along its track.
    table = candidates.sort_values(["exposure", "alert_id"], ignore_index=True)
    peaks = peaks.drop_duplicates("alert_id")
    table = table.merge(peaks, on="alert_id", how="left")
    table["stamp"] = table["stamp"].fillna("missing")
    angles = track_angles(table, tracklets)
    lines = [_line(row, angle, settings) for row, angle in zip(rows_of(table), angles, strict=True)]
    for name in LINE:
        table[name] = pd.Series([line[name] for line in lines], table.index, dtype=object)

    # Its magnitudes, by the path of the object during the exposure.
    paths = arcs(tracklets, satellites).drop(columns=[*ENDS, *POSITIONS])
    table = table.merge(paths, on="tracklet", how="left")
    table = flash_columns(table, survey, settings)

    # P_m of P1 section 2.3: the object passes the spacing of two peaks in one period.
    in_tracklet = table["tracklet"].notna()
    spacing = table["spacing_arcsec"].astype(float)
    period = survey.exposure_time_s * spacing / table["arc_arcsec"]
    table["period_m_s"] = period.where(in_tracklet & table["multi_peak"].astype(bool))
    return evidence(table, satellites, blind_matches)


LINE = (
    *("n_peaks", "central_peak", "n_on_line", "multi_peak"),
    *("direction_deg", "direction_rms_arcsec", "spacing_arcsec"),
    *("peak_ra", "peak_dec", "track_peaks"),
)


def _line(row: Any, angle: float, settings: GlintSettings) -> dict[str, Any]:
    """The columns `LINE` of one alert. `track_peaks`: along [arcsec], delta mag of each peak."""
    if row.stamp != "ok":
        return dict.fromkeys(LINE) | {"central_peak": False, "multi_peak": False, "track_peaks": []}
    found, n = _peaks(row), len(row.peak_x)
    centre = found.central(settings.centre_radius_arcsec / settings.pixel_scale_arcsec)
    line: dict[str, Any] = dict.fromkeys(LINE) | {
        "n_peaks": n,
        "central_peak": centre is not None,
        "n_on_line": 0,
        "multi_peak": False,
        "track_peaks": [],
    }

    # Where the peaks are on the sky: the central one is where the alert is.
    if found.east is not None and found.north is not None:
        at = (0.0, 0.0) if centre is None else (found.east[centre], found.north[centre])
        plane = TangentPlane.at(row.ra, row.dec)
        ra, dec = ra_dec(plane.vectors(found.east - at[0], found.north - at[1]))
        line["peak_ra"], line["peak_dec"] = ra.tolist(), dec.tolist()
    if centre is None:
        return line

    # In arcseconds along the sky's axes where these are known, else along the stamp's: the line
    # that most peaks have in common with the central one.
    oriented = found.east is not None and found.north is not None
    scale = settings.pixel_scale_arcsec
    x = found.east if found.east is not None else found.x * scale
    y = found.north if found.north is not None else found.y * scale
    common = common_line(x, y, centre, settings.track_tolerance_arcsec)
    if common is not None:
        line["direction_rms_arcsec"] = common.rms
        if oriented:
            line["direction_deg"] = float(np.degrees(np.arctan2(*common.direction)) % 180)

    # The track: the tracklet's direction if there is one, else this line.
    if oriented and np.isfinite(angle):
        track = (float(np.sin(np.radians(angle))), float(np.cos(np.radians(angle))))
        members = on_track(x, y, centre, track, settings.track_tolerance_arcsec)
    elif common is not None:
        track, members = common.direction, common.members
    else:
        track, members = (1.0, 0.0), np.arange(n) == centre

    # The peaks along it: their smallest spacing, and in a tracklet all of them as flashes, with
    # magnitudes relative to the central one.
    along = (x - x[centre]) * track[0] + (y - y[centre]) * track[1]
    spacing = smallest_spacing(along[members], settings.same_flash_arcsec)
    line["n_on_line"] = int(members.sum())
    followed = np.isfinite(spacing)
    line["multi_peak"] = bool(followed if np.isfinite(angle) else n > 1)
    line["spacing_arcsec"] = spacing
    if oriented and np.isfinite(angle):
        fainter = -2.5 * np.log10(found.flux / found.flux[centre])
        line["track_peaks"] = list(zip(along[members], fainter[members], strict=True))
    return line


def evidence(
    table: pd.DataFrame, satellites: pd.DataFrame, blind_matches: pd.DataFrame
) -> pd.DataFrame:
    """The three-way flags of P2's figure 3, and `is_glint`.

    A tracklet is evidence enough: it has passed a limit of chance tracklets. A satellite's path
    crosses much of an exposure and two peaks may be noise or a pair of artefacts: each of the two
    alone proves nothing, but both together count.
    """
    matched = set() if satellites.empty else set(satellites["tracklet"])
    blind = set() if blind_matches.empty else set(blind_matches["alert_id"])
    tracklet_match = table["tracklet"].isin(matched) & table["tracklet"].notna()
    blind_match = table["alert_id"].isin(blind)
    satellite = tracklet_match | blind_match
    multi_peak = table["multi_peak"].astype(bool)
    return table.assign(
        tracklet_match=tracklet_match,
        blind_match=blind_match,
        satellite=satellite,
        is_glint=table["tracklet"].notna() | (satellite & multi_peak),
    )


def venn(glints: pd.DataFrame) -> dict[str, int]:
    """How many candidates have exactly each combination of the three flags (P2, figure 3)."""
    flags = {
        "tracklet": glints["tracklet"].notna(),
        "satellite": glints["satellite"].astype(bool),
        "multi_peak": glints["multi_peak"].astype(bool),
    }
    counts = {}
    for bits in range(8):
        chosen = [name for k, name in enumerate(flags) if bits >> k & 1]
        exactly = np.ones(len(glints), dtype=bool)
        for name, flag in flags.items():
            exactly &= flag.to_numpy() == (name in chosen)
        counts[" & ".join(chosen) or "none"] = int(exactly.sum())
    return counts
