"""P1's figures 1 to 4 and 10: alerts, candidates, tracklets."""

from __future__ import annotations

from typing import Any

import numpy as np

from fink_tracklets.plots.report.style import (
    BLUE,
    CLASS_STYLE,
    GREEN,
    MAP,
    ORANGE,
    RED,
    colourbar,
    occupied,
    stairs,
)
from fink_tracklets.tables.summary import (
    BRIGHTENING,
    DETECTOR,
    DISTANCE,
    ELONGATION,
    LENGTH,
    MAG,
    MONTH,
    QUALITY,
    QUALITY_UNIT,
)
from fink_tracklets.years.span import Span


def plane(figure: Any, span: Span) -> str | None:
    """P1 figure 1: how many alerts before the locus cut, and their mean score."""
    from matplotlib.colors import LogNorm

    counts, scores = span.summary["locus/count"], span.summary["locus/quality"]
    if not counts.sum():
        return "no night's alerts were counted before the locus cut"
    axes = figure.subplots(1, 2, sharey=True)
    x, y = 10**DISTANCE.edges, BRIGHTENING.edges
    some = np.ma.masked_equal(counts, 0)
    norm = LogNorm(1, max(10, counts.max()))
    drawn = axes[0].pcolormesh(x, y, some.T, norm=norm, cmap=MAP, rasterized=True)
    colourbar(figure, drawn, axes[0], "alerts")
    mean = np.ma.masked_where(counts == 0, scores * QUALITY_UNIT / np.maximum(counts, 1))
    drawn = axes[1].pcolormesh(x, y, mean.T, vmin=0.5, vmax=1, cmap=MAP, rasterized=True)
    colourbar(figure, drawn, axes[1], "mean quality score")
    for one in axes:
        _draw_locus(one, span)
        one.set(xscale="log", xlabel="distance to the nearest reference object [arcsec]")
        one.set_xlim(occupied(counts.sum(axis=1), x))
        one.set_ylim(occupied(counts.sum(axis=0), y))
    axes[0].set_ylabel("magnr - magpsf [mag]")
    return None


def _draw_locus(axes: Any, span: Span) -> None:
    """The border of the locus, where the survey's cut has the numbers of P1's."""
    locus = span.survey.locus
    assert locus is not None
    numbers = next(cut.numbers for cut in span.survey.cuts if cut.name == locus.before)
    try:
        far, bright = numbers["max_distance_arcsec"], numbers["min_brightening"]
        slope, offset = numbers["slope"], numbers["offset"]
    except KeyError:
        return
    r = np.logspace(-2, np.log10(far), 200)
    border = np.minimum(bright, slope * (np.log10(r) + offset))
    axes.plot(r, border, "--", c=RED, lw=1.5, label="stellar locus, below")
    axes.plot([far, far], [border[-1], BRIGHTENING.low], "--", c=RED, lw=1.5)
    axes.legend(loc="upper left", fontsize=8)


def per_exposure(figure: Any, span: Span) -> str | None:
    """P1 figure 2: candidates in an exposure."""
    counts = span.summary["candidates"]
    if not counts[1:].any():
        return "no exposure has a candidate"
    axes = figure.subplots()
    n = np.arange(len(counts))
    axes.stairs(counts[1:], np.append(n[1:], n[-1] + 1) - 0.5, color=BLUE, fill=True, alpha=0.7)
    axes.axvline(4.5, c=RED, ls="--", lw=1, label="five or more can hold a tracklet")
    last = int(np.nonzero(counts)[0][-1])
    axes.set(yscale="log", xlabel="candidates in an exposure", ylabel="exposures")
    axes.set_xlim(0.5, max(10, min(last, 100)) + 0.5)
    axes.set_ylim(0.7)
    more = counts[101:].sum()
    told = f"{counts[1:].sum():,} exposures with candidates, {counts[5:].sum():,} with five or more"
    axes.set_title(told + (f", {more:,} with more than 100" if more else ""), fontsize=10)
    axes.legend(fontsize=8)
    return None


def by_month(figure: Any, span: Span) -> str | None:
    """P1 figure 3: alerts, candidates and alerts in tracklets per exposure, month by month."""
    s = span.summary
    exposures = s["month/exposures"]
    (months,) = np.nonzero(exposures)
    if not len(months):
        return "no night has an exposure"
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
    year = 2000 + (months + 0.5) / 12
    assert MONTH.step == 1
    for name, label, colour, mark in (
        ("alerts", "alerts of good quality", BLUE, "o"),
        ("candidates", "candidates", GREEN, "s"),
        ("tracklet_alerts", "alerts in tracklets", RED, "^"),
    ):
        n, of = s[f"month/{name}"][months], exposures[months]
        axes = {"yerr": np.sqrt(n) / of, "fmt": f"{mark}-", "color": colour, "lw": 1, "ms": 4}
        upper.errorbar(year, n / of, label=label, **axes)
    upper.set(yscale="log", ylabel="per exposure")
    upper.legend(fontsize=8, ncols=3, loc="lower left", bbox_to_anchor=(0, 1))
    candidates, inside = s["month/candidates"][months], s["month/tracklet_alerts"][months]
    share = inside / np.maximum(candidates, 1)
    lower.errorbar(year, share, np.sqrt(inside) / np.maximum(candidates, 1), fmt="o", c=RED, ms=4)
    lower.set(ylabel="share of candidates\nin tracklets", xlabel="year")
    lower.set_ylim(0)
    if len(months) < 12:
        names = [f"{2000 + m // 12}-{m % 12 + 1:02d}" for m in months]
        lower.set_xticks(year, names)
        lower.set_xlim(year[0] - 1 / 12, year[-1] + 1 / 12)
        lower.set_xlabel("month")
    return None


def tracklet_sizes(figure: Any, span: Span) -> str | None:
    """P1 figure 4: events and lengths of tracklets, all and matched."""
    s = span.summary
    if not s.number("tracklets"):
        return "no tracklet was found"
    upper, lower = figure.subplots(2, 1)
    points = s["points/all"]
    edges = np.arange(len(points) + 1) - 0.5
    last = min(100, int(np.nonzero(points)[0][-1]) + 2)
    lengths = 10**LENGTH.edges
    for name, colour, fill in (("all", BLUE, True), ("matched", ORANGE, False)):
        style = {"color": colour, "fill": fill, "lw": 2, "label": f"{name} tracklets"}
        upper.stairs(s[f"points/{name}"], edges, **style)
        lower.stairs(s[f"length/{name}"], lengths, **style)
    upper.set_xlim(3.5, last + 0.5)
    upper.set(xlabel="events in a tracklet", ylabel="tracklets")
    lower.set(xscale="log", ylabel="tracklets", xlabel="length [arcsec]")
    lower.set_xlim(occupied(s["length/all"], lengths))
    exposure = span.survey.exposure_time_s
    speed = lower.secondary_xaxis("top", functions=(lambda x: x / exposure, lambda x: x * exposure))
    speed.set_xlabel("least angular velocity [arcsec/s]")
    upper.legend(fontsize=8)
    return None


def distributions(figure: Any, span: Span) -> str | None:
    """P1 figure 10: magnitude, score and distance from the Sun of candidates and of glints."""
    s = span.summary
    if not s.number("mag/all"):
        return "no candidate"
    panels = figure.subplots(3, 1)
    for axes, name, axis, label in (
        (panels[0], "mag", MAG, "difference magnitude [mag]"),
        (panels[1], "quality", QUALITY, "quality score (ZTF: RealBogus)"),
        (panels[2], "elongation", ELONGATION, "distance from the Sun [deg]"),
    ):
        for one, (colour, line, text) in CLASS_STYLE.items():
            if s.number(f"{name}/{one}"):
                stairs(axes, s[f"{name}/{one}"], axis.edges, colour, line, text)
        axes.set(xlabel=label, ylabel="candidates")
        axes.set_xlim(occupied(s[f"{name}/all"], axis.edges))
        axes.set_ylim(0)
    if not s.number("quality/all"):
        panels[1].text(0.5, 0.5, "no scores", ha="center", transform=panels[1].transAxes)
    phase = panels[2].secondary_xaxis("top", functions=(lambda x: 180 - x, lambda x: 180 - x))
    phase.set_xlabel("phase angle of what is near [deg]")
    panels[0].legend(fontsize=8, loc="upper left")
    return None


def detectors(figure: Any, span: Span) -> str | None:
    """P2 section 4: candidates of no satellite are in excess in some detectors."""
    s = span.summary
    every, glints = s["detector/all"], s["detector/any"]
    if not every.any():
        return "the candidates have no detectors"
    axes = figure.subplots()
    last = int(np.nonzero(every)[0][-1]) + 1
    edges = DETECTOR.edges[: last + 1] - 0.5
    stairs(axes, every[:last] - glints[:last], edges, BLUE, "-", "with no evidence of a satellite")
    stairs(axes, glints[:last], edges, RED, "-", "any of three kinds of evidence")
    median = np.median(every[:last] - glints[:last])
    axes.axhline(median, c=BLUE, ls=":", lw=1, label="its median")
    axes.set(xlabel="detector", ylabel="candidates")
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(0)
    axes.legend(fontsize=8)
    return None
