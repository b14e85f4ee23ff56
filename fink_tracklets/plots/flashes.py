"""The figure of a tracklet's flashes: stamps with their peaks, light curve, flashes on the arc."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from fink_tracklets.glints.photometry import Flashes
from fink_tracklets.glints.stamps import DamagedStamp, decode
from fink_tracklets.plots.figure import FOUND, GLINT, QUIET, new_figure, save
from fink_tracklets.store.night import StoredNight

SHOWN = 6


def draw_flashes(figure: Any, stored: StoredNight, name: str) -> None:
    """Draw into a matplotlib figure; nothing where the night's flashes were not measured."""

    def rows(table: str) -> list[dict[str, Any]]:
        return stored.table(table).to_pylist()

    flashes = [r for r in rows("flashes") if r["tracklet"] == name]
    if not flashes:
        return
    row = flashes[0]
    curve = [r for r in rows("light_curves") if r["tracklet"] == name]
    peaks = {r["alert_id"]: r for r in rows("glints") if r["tracklet"] == name}
    place = {r["alert_id"]: r["along_arcsec"] for r in curve}
    stamps = [r for r in rows("stamps") if r["alert_id"] in place]
    stamps.sort(key=lambda stamp: place[stamp["alert_id"]])
    stamps = [stamps[k] for k in np.unique(np.linspace(0, len(stamps) - 1, SHOWN).astype(int))]
    grid = figure.add_gridspec(3, SHOWN, height_ratios=[2, 2.2, 1])
    for k, stamp in enumerate(stamps):
        _draw_stamp(figure.add_subplot(grid[0, k]), stamp, peaks[stamp["alert_id"]])
    _draw_curve(figure.add_subplot(grid[1, :]), curve, row)
    axes = figure.add_subplot(grid[2, :])
    along = np.array([r["along_arcsec"] for r in curve])
    axes.plot([0, row["arc_arcsec"]], [0, 0], c=QUIET, lw=4, label="length of the arc")
    alert = np.array([r["alert_id"] is not None for r in curve])
    axes.plot(along[alert], 0 * along[alert], "o", c=GLINT, label="alerts")
    axes.plot(along[~alert], 0 * along[~alert], "o", mfc="w", c=FOUND, label="only in stamps")
    axes.set(yticks=[], xlabel="along the track [arcsec]")
    axes.set_ylim(-1, 1.8)
    axes.legend(loc="upper right", ncols=3, fontsize=8)


def plot_track(track: pd.DataFrame, flashes: Flashes, file: str) -> None:
    """A high-rate light curve with its flashes."""
    figure = new_figure(12)
    axes = figure.add_subplot()
    axes.plot(track["time_s"], track["mag"], ".", ms=3, c=QUIET, label="measured")
    axes.plot(track["time_s"], flashes.smooth_mag, c=FOUND, lw=1, label="smooth, 1.1 s")
    peak = np.isin(track["time_s"], flashes.time_s)
    label = f"{peak.sum()} flashes"
    axes.plot(
        track["time_s"][peak], track["mag"][peak], "o", ms=5, mfc="none", c=GLINT, label=label
    )
    axes.invert_yaxis()
    axes.set(xlabel="time [s]", ylabel="mag (V)")
    axes.legend(loc="best", fontsize=8)
    save(figure, file)


def _draw_stamp(axes: Any, stamp: dict[str, Any], found: dict[str, Any]) -> None:
    axes.set(xticks=[], yticks=[], title=f"…{stamp['alert_id'] % 10**6}")
    axes.title.set_fontsize(8)
    try:
        pixels = decode(stamp["difference"]).pixels
    except DamagedStamp as error:
        axes.text(0.5, 0.5, str(error), ha="center", transform=axes.transAxes)
        return
    low, high = np.nanpercentile(pixels, [5, 99.5])
    axes.imshow(pixels, cmap="gray_r", vmin=low, vmax=high, origin="upper")
    centre = (len(pixels) - 1) / 2
    x, y = np.array(found["peak_x"] or []), np.array(found["peak_y"] or [])
    axes.plot(x + centre, y + centre, "o", ms=11, mfc="none", c=GLINT)


def _draw_curve(axes: Any, curve: list[dict[str, Any]], row: dict[str, Any]) -> None:
    limit = np.nanmean([r["limiting_mag"] or np.nan for r in curve])
    brightest, faintest = min(r["mag"] for r in curve), max(r["mag"] for r in curve)
    base = max(limit, faintest) if np.isfinite(limit) else faintest + 0.5
    for r in curve:
        colour = GLINT if r["alert_id"] is not None else FOUND
        axes.plot([r["time_s"]] * 2, [base, r["mag"]], c=colour, lw=1.5)
    axes.axhline(base, c="orange")
    room = 0.16 * (base - brightest)
    axes.set_ylim(base + room, brightest - room / 2)
    quiescent = "quiescent: fainter than the line"
    axes.text(0.01, 0.03, quiescent, c="darkorange", fontsize=8, transform=axes.transAxes)
    period = "no period"
    if row["period_s"]:
        period = f"period {row['period_s']:.3f} ± {row['period_error_s'] or np.nan:.3f} s"
    if row["free_time_s"] is not None:
        zero = f", which is up to {row['free_time_s']:.1f} s after the start"
    else:
        zero = ", or before it; by the tracklet's length: upper limits"
    axes.set(
        xlabel=f"time after the first flash [s]{zero}",
        ylabel="mag in the exposure",
        title=f"{row['n_flashes']} flashes, {period}, duration < {row['duration_s']:.2g} s "
        f"(by the {row['arc_source']}'s {row['arc_arcsec']:,.0f}″ in the exposure)",
    )
    axes.title.set_fontsize(11)
