"""Pictures of a night and of a tracklet (needs the extra `plot`, matplotlib)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from fink_tracklets.plots.arc import draw_arc
from fink_tracklets.plots.figure import FOUND, GLINT, QUIET, new_figure, save
from fink_tracklets.plots.flashes import draw_flashes
from fink_tracklets.sky.plane import TangentPlane
from fink_tracklets.sky.sphere import unit_vectors
from fink_tracklets.store.night import StoredNight

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_night(stored: StoredNight, file: str) -> None:
    """The night's exposures on the sky, and its richest tracklet in close-up."""
    tracklets, exposures = stored.frame("tracklets"), stored.frame("exposures")
    figure = new_figure(16 if len(tracklets) else 10)
    widths = [3, 2] if len(tracklets) else [1]
    grid = figure.add_gridspec(1, len(widths), width_ratios=widths)
    sky = figure.add_subplot(grid[0], projection="mollweide")
    title = f"{stored.night}: {len(exposures)} exposures, {len(tracklets)} tracklets"
    _draw_sky(sky, exposures, title)
    if len(tracklets):
        richest = tracklets.sort_values(["n_alerts", "tracklet"], ascending=[False, True])
        axes = figure.add_subplot(grid[1])
        _draw_tracklet(axes, stored, richest["tracklet"].iloc[0])
    save(figure, file)


def plot_tracklet(stored: StoredNight, name: str, file: str) -> None:
    """A tracklet in close-up, with its flashes where they were measured."""
    measured = len(stored.table("flashes", ["tracklet"])) > 0
    figure = new_figure(17 if measured else 7)
    parts: Any = figure.subfigures(1, 2, width_ratios=[2, 3]) if measured else [figure]
    _draw_tracklet(parts[0].add_subplot(), stored, name)
    if measured:
        draw_flashes(parts[1], stored, name)
    save(figure, file)


def _draw_sky(axes: Axes, exposures: pd.DataFrame, title: str) -> None:
    """Exposures by number of candidates; right ascension grows to the left."""
    longitude = -np.radians((exposures["ra"] + 180) % 360 - 180)
    latitude = np.radians(exposures["dec"])
    some, glints = exposures["candidates"] > 0, exposures["tracklets"] > 0
    axes.scatter(longitude[~some], latitude[~some], s=14, c=QUIET, label="no candidate")
    size = 14 + 6 * exposures["candidates"].clip(upper=100)
    axes.scatter(
        longitude[some],
        latitude[some],
        s=size[some],
        c=FOUND,
        alpha=0.35,
        lw=0,
        label="candidates (size: how many)",
    )
    axes.scatter(
        longitude[glints], latitude[glints], s=110, marker="*", c=GLINT, label="with a tracklet"
    )
    axes.set_xticks(np.radians([-120, -60, 0, 60, 120]), ["8h", "4h", "0h", "20h", "16h"])
    axes.grid(alpha=0.3)
    axes.set_title(title)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, -0.18), ncols=3, markerscale=0.8)


def _draw_tracklet(axes: Axes, stored: StoredNight, name: str) -> None:
    """Its points, its fitted curve and the candidates around, north up and east to the left."""
    tracklets = stored.frame("tracklets").set_index("tracklet")
    alerts = stored.frame("tracklet_alerts")
    candidates = stored.frame("candidates")
    tracklet = tracklets.loc[name]
    alerts = alerts[alerts["tracklet"] == name]
    others = candidates[
        (candidates["exposure"] == tracklet["exposure"])
        & ~candidates["alert_id"].isin(alerts["alert_id"])
    ]
    plane = TangentPlane.amid(unit_vectors(alerts["ra"], alerts["dec"]))

    def offsets(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        return plane.offsets(unit_vectors(frame["ra"], frame["dec"]))

    east, north = offsets(alerts)
    half = 0.8 * max(np.ptp(east), np.ptp(north), 60.0)
    mid_east, mid_north = (east.max() + east.min()) / 2, (north.max() + north.min()) / 2

    along = np.linspace(alerts["along_arcsec"].min(), alerts["along_arcsec"].max(), 200)
    curve = [
        np.polynomial.Polynomial.fit(alerts["along_arcsec"], values, 2)(along)
        for values in (east, north)
    ]
    axes.plot(*curve, c=GLINT, lw=1, alpha=0.6, label="fitted curve")
    matches = stored.frame("satellites")
    for _, match in matches[(matches["tracklet"] == name) & (matches["rank"] == 1)].iterrows():
        draw_arc(axes, match, offsets)
    axes.scatter(*offsets(others), s=22, c=QUIET, label="other candidates")
    axes.scatter(east, north, s=26, c=GLINT, label="alerts of the tracklet", zorder=3)
    axes.set_xlim(mid_east + half, mid_east - half)
    axes.set_ylim(mid_north - half, mid_north + half)
    axes.set_aspect("equal")
    bar = float(f"{half / 2:.0e}")
    right, low = mid_east - 0.9 * half, mid_north - 0.9 * half
    axes.plot([right + bar, right], [low, low], c="k", lw=2)
    axes.text(right + bar / 2, low + 0.03 * half, f"{bar:.0f}″", ha="center")
    axes.set_xlabel("east [arcsec]")
    axes.set_ylabel("north [arcsec]")
    axes.set_title(
        f"{name}\n{tracklet['n_alerts']} alerts, {tracklet['length_arcsec']:.0f}″ long, "
        f"rms {tracklet['rms_arcsec']:.2f}″, mag {tracklet['mag_mean']:.1f}"
    )
    axes.legend(loc="upper right")
