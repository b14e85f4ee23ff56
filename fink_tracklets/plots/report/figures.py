"""Which figures a report has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from fink_tracklets.plots.report import candidates, curves, orbits, rates, sky
from fink_tracklets.survey.image import Imager
from fink_tracklets.years.span import Span

Draw = Callable[[Any, Span], str | None]


@dataclass(frozen=True)
class ReportFigure:
    """A figure of the report."""

    key: str
    title: str
    draw: Draw
    """Draws into a matplotlib figure; returns why it cannot, or None."""
    size: tuple[float, float] = (7.5, 4.8)
    """Width and height [inches]."""


def all_figures(
    seen_by: Imager, other: Imager, tracks: Mapping[str, int]
) -> tuple[ReportFigure, ...]:
    """All of them, in the order of the report.

    Parameters
    ----------
    seen_by, other : the survey, and that in which its flashes are to be imagined
    tracks : files of high-rate light curves, each with its satellite's number
    """
    of, on = ReportFigure, partial
    return (
        of(
            "p1_fig1",
            "The plane before the locus cut (P1, P2 figure 1)",
            candidates.plane,
            (10, 4.8),
        ),
        of("p1_fig2", "Candidates per exposure (P1 figure 2)", candidates.per_exposure),
        of("p1_fig3", "Rates by month (P1 figure 3)", candidates.by_month, (7.5, 5.6)),
        of(
            "p1_fig4",
            "Tracklets' events and lengths (P1 figure 4)",
            candidates.tracklet_sizes,
            (7.5, 7),
        ),
        of("p1_fig5", "Orbits of matched satellites (P1 figure 5)", orbits.inclinations),
        of("p1_fig6", "Brightness over orbit (P1 figure 6)", orbits.brightness),
        of("p1_fig7", "Difference stamps (P1 figure 7)", curves.stamps),
        of("p1_fig8", "Periods (P1 figure 8)", orbits.periods),
        of("p1_fig9", "Durations (P1 figure 9, P2 figure 4)", orbits.durations),
        of(
            "p1_fig10",
            "What candidates are like (P1 figure 10)",
            candidates.distributions,
            (7.5, 9),
        ),
        of("p1_fig11", "Standard magnitude and phase (P1 figure 11)", orbits.phases),
        of(
            "p1_fig12",
            "Standard magnitude and size (P1 figure 12)",
            on(orbits.sizes, tracks=tracks),
            (7.5, 8 if tracks else 4.8),
        ),
        of(
            "p1_fig13",
            "Amplitudes in high-rate tracks (P1 figure 13)",
            on(curves.track_amplitudes, tracks=tracks),
        ),
        of(
            "p1_fig14",
            "Tracks and tracklets (P1 figure 14)",
            on(curves.track_curves, tracks=tracks),
            (7.5, 9),
        ),
        of("p1_fig15", "Light curves (P1 figure 15)", curves.light_curves, (9, 9)),
        of("p1_fig16", "Amplitudes (P1 figure 16)", orbits.amplitudes, (10, 4.8)),
        of("p2_fig3_venn", "Evidence (P2 figure 3, left)", sky.evidence, (6, 5)),
        of("p2_fig3_maps", "The sky (P2 figure 3, right)", sky.maps, (7, 9)),
        of("p2_fig4", "Satellites by appearances (P2 figure 4, upper)", orbits.appearances),
        of("p2_fig5_limits", "Detection limits (P2 figure 5, left)", rates.limits),
        of("p2_fig5_rates", "Cumulative rates (P2 figure 5, right)", rates.cumulative, (8, 5.5)),
        of("declination", "The rate against declination", rates.declination, (7.5, 5.6)),
        of("detectors", "Candidates by detector (P2 section 4)", candidates.detectors),
        of(
            "forecast",
            f"The same flashes in {other.name} (P1 section 3.4)",
            on(rates.another_survey, seen_by=seen_by, other=other),
            (10, 4.8),
        ),
    )
