"""P2's figure 5 and what goes beyond: limits, cumulative rates, declination, another survey."""

from __future__ import annotations

from typing import Any

import numpy as np

from fink_tracklets.plots.report.style import BLUE, GREEN, GREY, MAP, ORANGE, PURPLE, RED, colourbar
from fink_tracklets.survey.image import Imager, load_imager
from fink_tracklets.tables.summary import DURATION, INSTANT
from fink_tracklets.years.limits import flash_limit, forecast, trail_limit
from fink_tracklets.years.published import RATES, SKY_DEG2
from fink_tracklets.years.rates import by_declination, by_instant_magnitude, sky_rate
from fink_tracklets.years.span import Span

SHOWN = (("ztf", BLUE, "-"), ("rubin", GREEN, "--"), ("evryscope", ORANGE, "-."))
"""Surveys whose detection limits P2's figure 5 has."""
MARKS = ("s", "D", "v", "^", "P", "X")
COARSER = 5
"""Bins of instant magnitude that are drawn as one."""
NO_EVENTS = "no event in a tracklet has a satellite and measured flashes"


def limits(figure: Any, span: Span) -> str | None:
    """P2 figure 5, left: durations and instant magnitudes, with three surveys' limits."""
    from matplotlib.colors import LogNorm

    counts = span.summary["flash"]
    axes = figure.subplots()
    durations = np.logspace(-4, 0.5, 200)
    if counts.any():
        coarse = counts.reshape(DURATION.n, INSTANT.n // COARSER, COARSER).sum(axis=2)
        some = np.ma.masked_equal(coarse, 0)
        edges = 10**DURATION.edges, INSTANT.edges[::COARSER]
        norm = LogNorm(1, max(10, coarse.max()))
        drawn = axes.pcolormesh(*edges, some.T, cmap=MAP, norm=norm, rasterized=True)
        colourbar(figure, drawn, axes, "events")
    for name, colour, line in SHOWN:
        imager = load_imager(name)
        label = f"limit of {name}, {imager.exposure_time_s:g} s"
        axes.plot(durations, flash_limit(durations, imager), c=colour, ls=line, label=label)
    axes.set(xscale="log", xlabel="duration of a flash, upper limit [s]")
    axes.set_ylabel("instant magnitude [mag]")
    axes.set_xlim(1e-4, 1)
    axes.set_ylim(22, 0)
    axes.legend(fontsize=8, loc="upper left")
    if not counts.any():
        axes.set_title(f"No points: {NO_EVENTS}", fontsize=9)
    return None


def cumulative(figure: Any, span: Span) -> str | None:
    """P2 figure 5, right: flashes per hour and sky above a magnitude, with others' results."""
    found = by_instant_magnitude(span)
    axes = figure.subplots()
    if found is not None:
        some = found.per_hour > 0
        mag, rate = found.mag[some], found.per_hour[some]
        low = np.maximum(rate - found.down[some], rate / 50)
        axes.fill_between(mag, low, rate + found.up[some], color=BLUE, alpha=0.25, lw=0)
        axes.plot(mag, rate, c=BLUE, label="this work, matched events in tracklets")
    for kind, colour, line, label in (
        ("satellite", GREEN, "--", "this work, matched either way"),
        ("any", ORANGE, "-.", "this work, any of three kinds of evidence"),
        ("tracklet", RED, ":", "this work, in tracklets"),
    ):
        total = sky_rate(span, kind)
        if total is not None and total.per_hour > 0:
            axes.axhline(total.per_hour, c=colour, ls=line, lw=1.2, label=label)
    for one, mark in zip(RATES, MARKS, strict=False):
        bar = {
            "yerr": [[one.down], [one.up]],
            "capsize": 2,
            "color": PURPLE,
            "mec": "k",
            "ls": "none",
        }
        axes.errorbar(one.instant_mag, one.per_hour, marker=mark, label=one.name, ms=6, **bar)
    axes.set(yscale="log", xlabel="instant magnitude [mag]", ylabel="flashes per hour and sky")
    axes.set_xlim(0, 18)
    axes.set_ylim(10, 2e6)
    degree = axes.secondary_yaxis(
        "right", functions=(lambda y: y / SKY_DEG2, lambda y: y * SKY_DEG2)
    )
    degree.set_ylabel("flashes per hour and deg²")
    axes.legend(fontsize=7, loc="upper left", ncols=2)
    axes.grid(alpha=0.3)
    return None


def declination(figure: Any, span: Span) -> str | None:
    """The rate of events in tracklets against declination."""
    by = by_declination(span)
    if not (by.deg2_hours > 0).any():
        return "no exposure has a place"
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
    middle = (by.edges[1:] + by.edges[:-1]) / 2
    style = {"fmt": "o", "c": BLUE, "label": "this work", "capsize": 2}
    axes.errorbar(middle, by.per_deg2_hour, [by.down, by.up], **style)
    for value, line, label in (
        (4.7, "--", "Tomo-e Gozen 2025, mean (15.5 mag in 0.5 s)"),
        (9.0, ":", "Tomo-e Gozen 2025, equator"),
    ):
        axes.axhline(value, c=RED, ls=line, lw=1, label=label)
    axes.set(ylabel="events in tracklets\nper deg² and hour")
    axes.set_ylim(0)
    axes.legend(fontsize=8)
    below.stairs(by.deg2_hours, by.edges, color=GREY, fill=True)
    below.set(xlabel="declination [deg]", ylabel="exposed [deg² h]")
    below.set_xlim(-90, 90)
    return None


def another_survey(figure: Any, span: Span, seen_by: Imager, other: Imager) -> str | None:
    """P1 section 3.4: how many flashes stay points, and how deep trails show, in either survey."""
    told = forecast(span, seen_by, other)
    if told is None:
        return "no tracklet is matched with a satellite"
    left, right = figure.subplots(1, 2)
    for k, (imager, colour, mark) in enumerate(((seen_by, BLUE, "o-"), (other, GREEN, "s--"))):
        left.plot(told.durations_s, told.point_like[:, k], mark, c=colour, label=imager.name)
    left.set(xscale="log", xlabel="assumed duration of all flashes [s]", ylim=(-0.03, 1.03))
    left.set_ylabel("share of matched events that are points")
    left.legend(fontsize=8)
    matched = span.matched
    exposure = span.survey.exposure_time_s
    arc = np.logspace(2, 5, 100)
    right.scatter(
        matched["arc_arcsec"] / exposure, matched["instant_mag"], s=10, c=RED, lw=0, label="flashes"
    )
    for imager, colour, line in ((seen_by, BLUE, "-"), (other, GREEN, "--")):
        limit = trail_limit(arc, imager, exposure)
        right.plot(arc / exposure, limit, ls=line, c=colour, label=f"trails show in {imager.name}")
    right.set(xscale="log", xlabel="angular velocity [arcsec/s]")
    right.set_ylabel("magnitude, steady or of the flash [mag]")
    right.invert_yaxis()
    right.legend(fontsize=8)
    return None
