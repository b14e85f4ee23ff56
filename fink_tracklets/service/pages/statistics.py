"""All nights, or a span of them, in numbers and pictures: from their summaries."""

from __future__ import annotations

from typing import Any

import numpy as np
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from fink_tracklets.errors import UserError
from fink_tracklets.naming import parse_nights
from fink_tracklets.service.pages.histograms import KINDS, Series, healpix_map, histogram
from fink_tracklets.service.pages.page import page
from fink_tracklets.service.reading.snapshot import HeldNight, Snapshot
from fink_tracklets.service.refusal import Refusal, wrong
from fink_tracklets.service.requests import StoreReader, only
from fink_tracklets.tables.summary import (
    CANDIDATES,
    ELONGATION,
    INSTANT,
    LENGTH,
    MAG,
    POINTS,
    QUALITY,
    SIZE,
)
from fink_tracklets.years.numbers import all_numbers, venn
from fink_tracklets.years.rates import by_declination, by_instant_magnitude
from fink_tracklets.years.span import Span, joined
from fink_tracklets.years.summary import Summary
from fink_tracklets.years.tables import funnel_table, satellites_ranked, shown

MOST = 20
"""Satellites in the list."""
CLASSES = (
    ("all", "all candidates"),
    ("multi_peak", "several peaks"),
    ("blind", "matched blindly"),
    ("tracklet", "in tracklets"),
)
router = APIRouter()


@router.get("/statistics")
def statistics_page(request: Request, reader: StoreReader) -> Response:
    """The statistics of `nights`, a span as on the command line; without it of all."""
    asked = only(request, "nights").get("nights", "").strip()

    def work(snapshot: Snapshot) -> Response:
        nights = _chosen(snapshot, asked)
        counted = [night for night in nights if night.counts is not None]
        values = _values(snapshot, counted) if counted else {"numbers": []}
        return page(
            request,
            "statistics.html",
            title="Statistics",
            asked=asked,
            nights=nights,
            uncounted=[night.name for night in nights if night.counts is None],
            first=nights[0].name if nights else None,
            last=nights[-1].name if nights else None,
            shown=shown,
            **values,
        )

    return reader.consistent(work)


def _chosen(snapshot: Snapshot, asked: str) -> list[HeldNight]:
    """The nights that are asked for, the earliest first."""
    nights = [snapshot.nights[name] for name in sorted(snapshot.nights)]
    if not asked:
        return nights
    try:
        span = parse_nights(asked)
    except UserError as error:
        raise wrong(str(error)) from error
    chosen = [night for night in nights if night.name in span]
    if not chosen:
        raise Refusal(404, f"The store has no night of {span}.")
    return chosen


def _values(snapshot: Snapshot, nights: list[HeldNight]) -> dict[str, Any]:
    """What the template shows of nights; that of all nights is kept with the snapshot."""
    key = tuple(night.name for night in nights)
    if key not in snapshot.statistics:
        made = _drawn(_span(nights))
        if len(key) == len(snapshot.nights):
            snapshot.statistics[key] = made
        return made
    return snapshot.statistics[key]


def _span(nights: list[HeldNight]) -> Span:
    total = np.zeros(SIZE, np.int64)
    for night in nights:
        assert night.counts is not None
        places, counts = night.counts
        total[places] += counts
    tracklets = joined([night.parts for night in nights])
    stored = tuple(night.stored for night in nights)
    return Span(stored, nights[-1].survey, Summary(total), tracklets)


def _drawn(span: Span) -> dict[str, Any]:
    s = span.summary
    charts = [
        histogram(
            "Candidates per exposure",
            CANDIDATES.edges[:102] - 0.5,
            [Series("exposures", "one", np.where(np.arange(101) > 0, s["candidates"][:101], 0))],
            "candidates in an exposure",
            "exposures",
            log=True,
        ),
        *(
            histogram(
                f"Candidates by {axis.name}",
                axis.edges,
                [
                    Series(text, kind, s[f"{name}/{one}"])
                    for kind, (one, text) in zip(KINDS, CLASSES, strict=True)
                ],
                label,
                "candidates",
            )
            for name, axis, label in (
                ("mag", MAG, "difference magnitude [mag]"),
                ("quality", QUALITY, "quality score"),
                ("elongation", ELONGATION, "distance from the Sun [deg]"),
            )
        ),
        *(
            histogram(
                f"Tracklets by {axis.name}",
                axis.edges[:n] - shift,
                [
                    Series("all", "one", s[f"{name}/all"][: n - 1]),
                    Series("matched", "four", s[f"{name}/matched"][: n - 1]),
                ],
                label,
                "tracklets",
            )
            for name, axis, label, n, shift in (
                ("points", POINTS, "events in a tracklet", 102, 0.5),
                ("length", LENGTH, "log10 of the length [arcsec]", LENGTH.n + 1, 0.0),
            )
        ),
        *_rate_charts(span),
    ]
    maps = [
        ("with any evidence of a satellite", healpix_map("Glints", s["map/any"])),
        ("without", healpix_map("Others", s["map/all"] - s["map/any"])),
        ("exposure", healpix_map("Exposure", s["map/exposure"] // 576_000)),
    ]
    return {
        "numbers": all_numbers(span),
        "funnel": funnel_table(span),
        "cells": venn(s),
        "charts": [chart for chart in charts if chart is not None],
        "maps": [(name, drawn) for name, drawn in maps if drawn is not None],
        "ranked": satellites_ranked(span).head(MOST).to_dict("records"),
        "classes": list(zip(KINDS, (text for _, text in CLASSES), strict=True)),
    }


def _rate_charts(span: Span) -> list[Any]:
    """Rates against declination, and cumulative over the flashes' own magnitude."""
    by = by_declination(span)
    bands = Series("per deg² and hour", "four", np.nan_to_num(by.per_deg2_hour))
    charts = [
        histogram(
            "Events in tracklets by declination",
            by.edges,
            [bands],
            "declination [deg]",
            "per deg² and hour",
        )
    ]
    found = by_instant_magnitude(span)
    if found is not None:
        rate = [Series("per hour and sky", "one", found.per_hour)]
        label = "instant magnitude [mag], as bright or brighter"
        charts.append(
            histogram("Flashes", INSTANT.edges, rate, label, "per hour and sky", log=True)
        )
    return charts
