"""P1's figures 7, 13, 14 and 15: stamps and light curves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from fink_tracklets.glints.photometry import V_TO_G, find_flashes, read_track
from fink_tracklets.glints.stamps import DamagedStamp, decode
from fink_tracklets.plots.report.style import BLUE, GREEN, GREY, ORANGE, RED
from fink_tracklets.years.span import Span

STAMPS = 40
"""Shown in figure 7."""
ROWS = (
    ("low orbits", ("low",)),
    ("medium orbits", ("other", "molniya")),
    ("geosynchronous", ("geosynchronous",)),
    ("no satellite", ()),
)
"""Of figure 15: a name, and the zones that are meant."""
COLUMNS = 3
FLASHING_MAG = 1.5
"""P1 section 3.3: a track flashes from this amplitude on."""
NO_TRACKS = "no Mini-MegaTORTORA light curves were given (--photometry NUMBER=FILE)"


def stamps(figure: Any, span: Span) -> str | None:
    """P1 figure 7: difference stamps of alerts in tracklets, evenly drawn from the nights."""
    nights = [one for one in span.nights if one.manifest.rows.get("stamps")]
    if not nights:
        return "no night has stamps"
    chosen = [nights[k] for k in np.unique(np.linspace(0, len(nights) - 1, 10).astype(int))]
    each = -(-STAMPS // len(chosen))
    pictures = []
    for one in chosen:
        table = one.table("stamps", ["alert_id", "difference"])
        rows = np.unique(np.linspace(0, len(table) - 1, each).astype(int))
        pictures += table.take(rows)["difference"].to_pylist()
    grid = figure.subplots(5, 8).ravel()
    for axes in grid:
        axes.axis("off")
    for axes, content in zip(grid, pictures, strict=False):
        try:
            pixels = decode(content).pixels
        except DamagedStamp:
            continue
        low, high = np.nanpercentile(pixels, [5, 99.5])
        axes.imshow(pixels, cmap="gray_r", vmin=low, vmax=high)
    return None


def light_curves(figure: Any, span: Span) -> str | None:
    """P1 figure 15: light curves of the richest tracklets of each kind of orbit."""
    grid = figure.subplots(len(ROWS), COLUMNS, squeeze=False)
    drawn = 0
    for axes_of_row, (name, zones) in zip(grid, ROWS, strict=True):
        for axes, row in zip(axes_of_row, _richest(span, zones), strict=False):
            drawn += _draw_curve(axes, span, row)
        for axes in axes_of_row:
            if not axes.has_data():
                axes.axis("off")
        axes_of_row[0].set_ylabel(f"{name}\nmag")
    for axes in grid.ravel():
        axes.tick_params(labelsize=7)
        if axes.has_data():
            axes.set_xlabel("time after the first flash [s]", fontsize=7)
    return None if drawn else "no tracklet's light curve was measured"


def _richest(span: Span, zones: tuple[str, ...]) -> list[Any]:
    measured = span.tracklets[span.tracklets["arc_source"].notna()]
    if zones:
        of = measured[measured["zone"].isin(zones) & measured["arc_source"].eq("satellite")]
    else:
        of = measured[measured["norad_cat_id"].isna()]
    ranked = of.sort_values(["n_points", "tracklet"], ascending=[False, True])
    return list(ranked.head(COLUMNS).itertuples(index=False))


def _draw_curve(axes: Any, span: Span, row: Any) -> int:
    """One light curve as stems from the limit upwards; 1 where it was drawn."""
    stored = next(one for one in span.nights if one.night == row.night)
    curve = stored.table(
        "light_curves", ["time_s", "mag", "limiting_mag"], pc.field("tracklet") == row.tracklet
    ).to_pandas()
    if curve.empty:
        return 0
    limit = curve["limiting_mag"].mean()
    base = max(limit, curve["mag"].max()) if np.isfinite(limit) else curve["mag"].max() + 0.5
    axes.vlines(curve["time_s"], curve["mag"], base, colors=BLUE, lw=1)
    axes.axhline(base, c=ORANGE, lw=1)
    axes.invert_yaxis()
    named = isinstance(row.object_name, str)
    title = row.object_name[:24] if named else row.tracklet
    if named:
        title += f"\na {row.semi_major_axis_km:,.0f} km, i {row.inclination_deg:.0f}°"
        if np.isfinite(row.standard_mag):
            title += f", std {row.standard_mag:.1f}"
    axes.set_title(title, fontsize=7)
    return 1


def track_amplitudes(figure: Any, span: Span, tracks: Mapping[str, int]) -> str | None:
    """P1 figure 13: amplitudes in tracks against how much brighter our flashes are.

    Parameters
    ----------
    tracks : files of `photometry`, each with its satellite's number
    """
    rows = []
    for file, number in tracks.items():
        track = read_track(file)
        smooth = find_flashes(track["time_s"].to_numpy(float), track["mag"].to_numpy(float), file)
        amplitude = float(np.max(smooth.smooth_mag - track["mag"].to_numpy(float)))
        ours = span.matched[span.matched["norad_cat_id"] == number]["standard_mag"].mean()
        rows.append((ours - track["standard_mag"].mean(), amplitude, number))
    if not rows:
        return NO_TRACKS
    table = pd.DataFrame(rows, columns=["difference", "amplitude", "number"])
    some = table[np.isfinite(table["difference"])]
    if some.empty:
        return "none of the tracks' satellites has tracklets with standard magnitudes here"
    axes = figure.subplots()
    flashing = some["amplitude"] >= FLASHING_MAG
    for chosen, colour, mark, label in (
        (flashing, RED, "o", "flashing"),
        (~flashing, BLUE, "s", "not flashing"),
    ):
        axes.plot(
            some["difference"][chosen], some["amplitude"][chosen], mark, c=colour, label=label
        )
    axes.axhline(FLASHING_MAG, ls="--", c=GREY)
    axes.set(xlabel="standard magnitude here less the track's mean [mag]")
    axes.set_ylabel("amplitude above the smooth curve [mag]")
    axes.legend(fontsize=8)
    return None


def track_curves(figure: Any, span: Span, tracks: Mapping[str, int]) -> str | None:
    """P1 figure 14: light curves of tracklets over those of tracks of the same satellites."""
    if not tracks:
        return NO_TRACKS
    some = list(tracks.items())[:4]
    grid = figure.subplots(len(some), 1, squeeze=False)[:, 0]
    for axes, (file, number) in zip(grid, some, strict=True):
        track = read_track(file)
        axes.plot(track["time_s"], track["standard_mag"], "-", c=GREY, lw=0.8, label="track")
        own = span.matched[span.matched["norad_cat_id"] == number]
        measured = own[own["standard_mag"].notna()].sort_values("n_points", ascending=False)
        if len(measured):
            _overlay(axes, span, next(measured.itertuples(index=False)))
        axes.invert_yaxis()
        axes.set_ylabel(f"{number}\nstandard mag", fontsize=8)
        axes.legend(fontsize=7, loc="upper right")
    grid[-1].set_xlabel(f"time [s]; V of tracks + {V_TO_G:g} is g; zero points differ")
    return None


def _overlay(axes: Any, span: Span, row: Any) -> None:
    stored = next(one for one in span.nights if one.night == row.night)
    curve = stored.table(
        "light_curves", ["time_s", "mag"], pc.field("tracklet") == row.tracklet
    ).to_pandas()
    shift = row.standard_mag - curve["mag"].mean()
    axes.plot(curve["time_s"], curve["mag"] + shift, "o", c=GREEN, ms=5, label=row.tracklet)
