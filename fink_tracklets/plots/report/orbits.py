"""P1's figures 5, 6, 8, 9, 11, 12 and 16, P2's figure 4: glints against orbits, phase and size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fink_tracklets.glints.magnitudes import expected_magnitude, lambertian
from fink_tracklets.glints.photometry import read_track
from fink_tracklets.plots.report.style import (
    BLUE,
    GREEN,
    GREY,
    MAP,
    RED,
    colourbar,
    mark_zones,
)
from fink_tracklets.years.span import Span

NO_MATCH = "no tracklet is matched with a satellite (run `satellites` with elements)"
NO_FLASHES = (
    "no matched tracklet's flashes were measured (run `glints` with alerts that have stamps)"
)
RADAR = "radar cross-section [m²]"
STANDARD = "standard magnitude [mag, g, 1,000 km]"
DOT = {"s": 14, "alpha": 0.7, "lw": 0, "rasterized": True}


def inclinations(figure: Any, span: Span) -> str | None:
    """P1 figure 5: inclination over semi-major axis, by eccentricity."""
    matched = span.matched
    if matched.empty:
        return NO_MATCH
    axes = figure.subplots()
    mark_zones(axes)
    drawn = axes.scatter(
        matched["semi_major_axis_km"],
        matched["inclination_deg"],
        c=matched["eccentricity"],
        cmap=MAP,
        vmin=0,
        vmax=0.8,
        **DOT,
    )
    colourbar(figure, drawn, axes, "eccentricity")
    axes.set(ylabel="inclination [deg]")
    axes.set_ylim(-3, max(100, matched["inclination_deg"].max() + 3))
    axes.legend(fontsize=8, loc="upper left")
    return None


def appearances(figure: Any, span: Span) -> str | None:
    """P2 figure 4, upper: the same, a circle for each satellite, larger if seen more often."""
    matched = span.matched
    if matched.empty:
        return NO_MATCH
    by = matched.groupby("norad_cat_id")
    seen = by[["semi_major_axis_km", "inclination_deg", "eccentricity"]].median()
    axes = figure.subplots()
    mark_zones(axes)
    size = by.size().reindex(seen.index)
    drawn = axes.scatter(
        seen["semi_major_axis_km"],
        seen["inclination_deg"],
        s=12 + 18 * (size - 1),
        c=seen["eccentricity"],
        cmap=MAP,
        vmin=0,
        vmax=0.8,
        alpha=0.7,
        lw=0.5,
        ec="k",
    )
    colourbar(figure, drawn, axes, "eccentricity")
    axes.set(ylabel="inclination [deg]")
    axes.set_ylim(-3, max(100, seen["inclination_deg"].max() + 3))
    axes.set_title(f"{len(seen):,} satellites, the most frequent {size.max():,} times", fontsize=10)
    axes.legend(fontsize=8, loc="upper left", markerscale=0.7)
    return None


def brightness(figure: Any, span: Span) -> str | None:
    """P1 figure 6: mean magnitude of a satellite's alerts over its semi-major axis."""
    from matplotlib.colors import LogNorm

    matched = span.matched
    if matched.empty:
        return NO_MATCH
    weighted = matched.assign(sum=matched["mag_mean"] * matched["n_alerts"])
    by = weighted.groupby("norad_cat_id")
    alerts = by["n_alerts"].sum()
    axes = figure.subplots()
    mark_zones(axes)
    drawn = axes.scatter(
        by["semi_major_axis_km"].median(),
        by["sum"].sum() / alerts,
        c=alerts,
        cmap=MAP,
        norm=LogNorm(5, max(50, alerts.max())),
        **DOT,
    )
    colourbar(figure, drawn, axes, "alerts of the satellite")
    axes.set(ylabel="mean difference magnitude [mag]")
    axes.invert_yaxis()
    axes.legend(fontsize=8, loc="lower left")
    return None


def periods(figure: Any, span: Span) -> str | None:
    """P1 figure 8: periods from peaks in stamps and from the spacing of alerts."""
    from matplotlib.colors import LogNorm

    matched = _measured(span, "period_p_s")
    if matched.empty:
        return NO_FLASHES
    axes = figure.subplots()
    mark_zones(axes, named=False)
    arcs = matched["arc_arcsec"] / 3600
    norm = LogNorm(max(arcs.min(), 1e-3), max(arcs.max(), 1.0))
    drawn = None
    for name, mark, label in (
        ("period_p_s", "x", "$P_p$, spacing of alerts"),
        ("period_m_s", "o", "$P_m$, peaks in stamps"),
    ):
        some = matched[matched[name].notna()]
        drawn = axes.scatter(
            some["semi_major_axis_km"],
            some[name],
            c=some["arc_arcsec"] / 3600,
            marker=mark,
            s=18,
            cmap=MAP,
            norm=norm,
            lw=1 if mark == "x" else 0,
            label=label,
            rasterized=True,
        )
    colourbar(figure, drawn, axes, "arc in the exposure [deg]")
    axes.set(yscale="log", ylabel="period, upper limit [s]")
    axes.legend(fontsize=8)
    return None


def durations(figure: Any, span: Span) -> str | None:
    """P1 figure 9, P2 figure 4, lower: durations over semi-major axis, by instant magnitude."""
    matched = _measured(span, "duration_s")
    if matched.empty:
        return NO_FLASHES
    axes, side = figure.subplots(1, 2, sharey=True, width_ratios=[4, 1])
    mark_zones(axes, named=False)
    drawn = axes.scatter(
        matched["semi_major_axis_km"],
        matched["duration_s"],
        c=matched["instant_mag"],
        cmap=f"{MAP}_r",
        **DOT,
    )
    axes.set(yscale="log", ylabel="duration of a flash, upper limit [s]")
    edges = np.logspace(-4, 0.5, 46)
    counts = np.histogram(matched["duration_s"], edges, weights=matched["n_alerts"])[0]
    side.stairs(counts, edges, orientation="horizontal", fill=True, color=BLUE, alpha=0.7)
    side.set(xlabel="events", xscale="log")
    side.set_xlim(0.7)
    low, high = matched["duration_s"].min(), matched["duration_s"].max()
    axes.set_ylim(low / 1.6, high * 1.6)
    colourbar(figure, drawn, side, "instant magnitude, mean [mag]")
    return None


def phases(figure: Any, span: Span) -> str | None:
    """P1 figure 11: standard magnitudes over phase angle, with equations 4 and 5."""
    matched = _measured(span, "standard_mag")
    if matched.empty:
        return NO_FLASHES
    axes = figure.subplots()
    axes.scatter(matched["phase_angle_deg"], matched["standard_mag"], c=BLUE, **DOT)
    middle = float(matched["standard_mag"].median())
    phase = np.linspace(1, 150, 200)
    zero = lambertian(np.array([90.0]))[0]
    curve = middle + lambertian(phase) - zero
    axes.plot(phase, curve, "--", c=RED, label="Lambertian sphere (equation 4)")
    axes.axhline(middle, ls="-.", c=GREEN, label="specular sphere (equation 5)")
    axes.set(xlabel="phase angle, Sun - satellite - observer [deg]", ylabel=STANDARD)
    axes.set_xlim(0, 150)
    low, high = matched["standard_mag"].min(), matched["standard_mag"].max()
    axes.set_ylim(high + 1, low - 1)
    axes.legend(fontsize=8)
    return None


def sizes(figure: Any, span: Span, tracks: Mapping[str, int]) -> str | None:
    """P1 figure 12: standard magnitude over radar cross-section, with an ideal sphere; below, where
    high-rate tracks were given, these.

    Parameters
    ----------
    tracks : files of `photometry`, each with its satellite's number
    """
    matched = _measured(span, "standard_mag")
    matched = matched[matched["rcs_m2"] > 0]
    if matched.empty:
        return "no matched tracklet has a radar cross-section (give --satcat) and measured flashes"
    panels = figure.subplots(2 if tracks else 1, 1, squeeze=False, sharex=True)[:, 0]
    for axes in panels:
        _draw_sizes(axes, matched)
        axes.invert_yaxis()
    sizes_of = matched.groupby("norad_cat_id")["rcs_m2"].first()
    for file, number in tracks.items():
        if number in sizes_of.index:
            mags = read_track(file)["standard_mag"].dropna()
            place = {"ls": "none", "marker": ".", "ms": 3, "c": GREEN, "zorder": 1}
            panels[1].plot([sizes_of[number]] * len(mags), mags, **place)
    panels[0].legend(fontsize=8)
    if tracks:
        panels[0].set_xlabel("")
        panels[1].set_title("the same with high-rate tracks, green (Lambertian)", fontsize=9)
    return None


def _draw_sizes(axes: Any, matched: pd.DataFrame) -> None:
    """Standard magnitudes of tracklets over radar cross-section, and the ideal sphere."""
    high = matched["zone"].eq("geosynchronous")
    for chosen, colour, mark, label in (
        (high, BLUE, "o", "geosynchronous"),
        (~high, RED, "^", "other orbits"),
    ):
        some = matched[chosen]
        axes.scatter(
            some["rcs_m2"], some["standard_mag"], c=colour, marker=mark, label=label, **DOT
        )
    rcs = np.logspace(-3, 2, 50)
    label = "specular sphere, albedo 0.5"
    axes.plot(rcs, expected_magnitude(rcs, 1000.0), "--", c=GREY, label=label)
    axes.set(xscale="log", xlabel=RADAR, ylabel=STANDARD)


def amplitudes(figure: Any, span: Span) -> str | None:
    """P1 figure 16: amplitudes above the limit over standard magnitude and orbit."""
    matched = _measured(span, "amplitude_mag")
    if matched.empty:
        return NO_FLASHES
    left, right = figure.subplots(1, 2, sharey=True)
    left.scatter(matched["standard_mag"], matched["amplitude_mag"], c=BLUE, **DOT)
    left.set(xlabel=STANDARD, ylabel="greatest amplitude, lower limit [mag]")
    left.invert_xaxis()
    mark_zones(right)
    drawn = right.scatter(
        matched["semi_major_axis_km"],
        matched["amplitude_mag"],
        c=matched["inclination_deg"],
        cmap=MAP,
        **DOT,
    )
    colourbar(figure, drawn, right, "inclination [deg]")
    right.legend(fontsize=8)
    left.set_ylim(0)
    return None


def _measured(span: Span, column: str) -> pd.DataFrame:
    matched = span.matched
    return matched[matched[column].notna() & matched["arc_source"].eq("satellite")]
