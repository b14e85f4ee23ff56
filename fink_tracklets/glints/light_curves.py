"""Tracklets as light curves (P1 section 3.3), and the tracklets' periods."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fink_tracklets.glints.magnitudes import expected_magnitude
from fink_tracklets.glints.measure import arcs, rows_of
from fink_tracklets.glints.path import path_times
from fink_tracklets.glints.peaks import smallest_spacing
from fink_tracklets.glints.periods import fit_comb
from fink_tracklets.glints.turns import turn
from fink_tracklets.survey import Survey
from fink_tracklets.survey.glints import GlintSettings

Array = NDArray[np.float64]

UNEVEN = 1e-4
"""What a long path leaves unexplained of the even motion, as a part of its length."""
UNEVEN_PERIOD = 3e-4
"""The part of a period that is uncertain for that reason."""
MEANS = ("duration_s", "instant_mag", "standard_mag", "standard_mag_lambert")


def light_curve(alerts: pd.DataFrame, settings: GlintSettings) -> pd.DataFrame:
    """The single flashes of a tracklet: alerts, and peaks in their stamps, put together.

    Parameters
    ----------
    alerts : of one tracklet: alert_id, along_arcsec, mag, limiting_mag, track_peaks

    Returns
    -------
    alert_id (or null), along_arcsec, mag, mag_scatter, n_stamps, limiting_mag
    """
    rows = []
    for alert in rows_of(alerts.sort_values("alert_id")):
        limit = alert.limiting_mag
        rows.append((alert.alert_id, alert.along_arcsec, alert.mag, limit, True))
        # Peaks beside the alert's own: seen in its stamp, perhaps alerts themselves.
        rows += [
            (None, alert.along_arcsec + along, alert.mag + fainter, limit, False)
            for along, fainter in alert.track_peaks
            if abs(along) > settings.same_flash_arcsec
        ]
    names = ["alert_id", "along_arcsec", "mag", "limiting_mag", "is_alert"]
    # As objects first: next to None an id of 19 digits would become a float.
    points = pd.DataFrame(rows, columns=names, dtype=object)
    points = points.astype(
        {"along_arcsec": float, "mag": float, "limiting_mag": float, "is_alert": bool}
    )

    # Points of one flash are neighbours; if an alert is among them, it tells place and magnitude.
    points = points.sort_values(["along_arcsec", "is_alert"], ignore_index=True)
    flash = (points["along_arcsec"].diff() > settings.same_flash_arcsec).cumsum()
    flashes = []
    for _, group in points.groupby(flash):
        own = group[group["is_alert"]]
        best = own if len(own) else group
        flashes.append(
            {
                "alert_id": min(own["alert_id"]) if len(own) else None,
                "along_arcsec": best["along_arcsec"].mean(),
                "mag": best["mag"].mean(),
                "mag_scatter": group["mag"].std() if len(group) > 1 else np.nan,
                "n_stamps": len(group),
                "limiting_mag": group["limiting_mag"].mean(),
            }
        )
    found = pd.DataFrame(flashes)
    found["alert_id"] = pd.array([flash["alert_id"] for flash in flashes], dtype="Int64")
    return found


def flash_tables(
    glints: pd.DataFrame,
    tracklets: pd.DataFrame,
    members: pd.DataFrame,
    satellites: pd.DataFrame,
    survey: Survey,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables `flashes` and `light_curves`.

    Parameters
    ----------
    glints : of `glint_table`
    tracklets, members, satellites : the tables `tracklets`, `tracklet_alerts`, `satellites`
    """
    settings, exposure = survey.glints, survey.exposure_time_s
    assert settings is not None
    placed = members[["alert_id", "tracklet", "along_arcsec"]].drop_duplicates("alert_id")
    alerts = glints[glints["tracklet"].notna()].merge(placed, on=["alert_id", "tracklet"])
    rows, curves = [], []
    for arc in rows_of(arcs(tracklets, satellites).sort_values("tracklet")):
        own = alerts[alerts["tracklet"] == arc.tracklet]
        if own.empty:
            continue
        # The flashes' times: by the satellite's motion, or by an even one along the tracklet.
        second = exposure / arc.arc_arcsec
        curve = light_curve(own, settings)
        along = curve["along_arcsec"].to_numpy(float)
        if arc.arc_source == "satellite":
            times = path_times(along, arc, exposure)
        else:
            times = along * second
        curve["time_s"] = times - times.min()
        curve = curve.sort_values("time_s", ignore_index=True)
        curves.append(curve.assign(tracklet=arc.tracklet))
        # The paper's two periods (P1 section 2.3), and a comb through all flashes, as if the motion
        # was even: where the path is so long that it is not, with more tolerance.
        p_m = own["period_m_s"].dropna().astype(float)
        p_p = smallest_spacing(own["along_arcsec"].to_numpy(float), settings.same_flash_arcsec)
        even = curve["time_s"].to_numpy(float) / second
        tolerance = 3 * settings.position_error_arcsec
        is_long = UNEVEN * even[-1] > tolerance
        tolerance = max(tolerance, UNEVEN * even[-1])
        is_alert = curve["alert_id"].notna().to_numpy()
        comb = fit_comb(even, tolerance, 2 * settings.same_flash_arcsec, is_alert)
        row = {
            "tracklet": arc.tracklet,
            "norad_cat_id": arc.norad_cat_id,
            "n_alerts": len(own),
            "n_central": int(own["central_peak"].sum()),
            "n_multi_peak": int(own["multi_peak"].sum()),
            "n_flashes": len(curve),
            "period_m_s": p_m.median(),
            "period_m_error_s": _median_error(p_m),
            "period_p_s": p_p * second,
            "period_p_error_s": np.sqrt(2) * settings.position_error_arcsec * second,
            "free_time_s": max(0.0, exposure - curve["time_s"].max())
            if arc.arc_source == "satellite"
            else None,
            "arc_arcsec": arc.arc_arcsec,
            "arc_source": arc.arc_source,
            **{name: own[name].astype(float).mean() for name in MEANS},
            "amplitude_mag": own["amplitude_mag"].astype(float).max(),
            "expected_mag": float(expected_magnitude(arc.rcs_m2, arc.range_km)),
        }
        # The comb's spacing is the period, or a part of it, unless chance makes such combs, too.
        if comb is not None:
            row["log10_false_alarm"] = comb.log10_false_alarm
            if comb.log10_false_alarm <= np.log10(settings.max_false_alarm):
                step, phase = turn(curve["mag"].to_numpy(float), comb, settings.max_false_alarm)
                period = step * comb.spacing * second
                error = step * comb.spacing_error * second
                row |= {
                    "period_s": period,
                    "period_error_s": np.hypot(error, UNEVEN_PERIOD * period * is_long),
                    "n_on_comb": comb.on_comb,
                    "n_teeth": comb.teeth,
                    "interpulse_phase": phase,
                }
        rows.append(row)
    return pd.DataFrame(rows), pd.concat(curves) if curves else pd.DataFrame()


def _median_error(values: pd.Series) -> float:
    """Standard error of a median, from the median absolute deviation; NaN for one value."""
    if len(values) < 2:
        return np.nan
    spread = 1.4826 * (values - values.median()).abs().median()
    return float(1.2533 * spread / np.sqrt(len(values)))
