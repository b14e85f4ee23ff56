"""The numbers of both papers, from a span's counts: each with its error and what was published."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fink_tracklets.evaluate.summary import Rate
from fink_tracklets.tables.summary import (
    BLIND,
    CENTRAL,
    DURATION,
    INSTANT,
    LENGTH,
    LOOKED,
    MULTI,
    QUALITY,
    STAMPED,
    TRACKLET,
    TRACKLET_MATCH,
)
from fink_tracklets.years.published import NUMBERS, Published
from fink_tracklets.years.rates import sky_rate
from fink_tracklets.years.span import Span
from fink_tracklets.years.summary import Summary

OFTEN = 10
GOOD = 0.8
"""A score above which P1 finds the most glints."""


@dataclass(frozen=True)
class Number:
    """A number of the report."""

    key: str
    meaning: str
    value: float | None
    """None where nothing was counted that it could be told from."""
    low: float | None = None
    """One standard deviation below."""
    high: float | None = None
    """One standard deviation above."""
    k: int | None = None
    """Of a share: those that are counted."""
    n: int | None = None
    """Of a share: of so many; of others what the error is from."""
    published: tuple[Published, ...] = field(default_factory=tuple)

    def as_json(self) -> dict[str, Any]:
        """Plain numbers."""
        told = {name: getattr(self, name) for name in ("value", "low", "high", "k", "n", "meaning")}
        papers = [{"value": p.value, "error": p.error, "source": p.source} for p in self.published]
        return {**told, "published": papers}


def all_numbers(span: Span) -> list[Number]:
    """Every number of the report, in the papers' order."""
    s = span.summary
    found = [*_counts(s), *_shapes(span), *_shares(s), *_flashes(s), *_satellites(span)]
    for key, meaning, rate in (
        ("rate_tracklet", "flashes in tracklets per hour and sky", sky_rate(span, "tracklet")),
        ("rate_satellite", "flashes matched with satellites", sky_rate(span, "satellite")),
        ("rate_any", "flashes by any of three kinds of evidence", sky_rate(span, "any")),
    ):
        papers = NUMBERS.get(key, ())
        if rate is None:
            found.append(Number(key, meaning, None, published=papers))
            continue
        bounds = rate.per_hour - rate.down, rate.per_hour + rate.up
        found.append(Number(key, meaning, rate.per_hour, *bounds, n=rate.n, published=papers))
    return found


def _count(key: str, meaning: str, n: int) -> Number:
    error = sqrt(n)
    return Number(key, meaning, n, n - error, n + error, n=n, published=NUMBERS.get(key, ()))


def _share(key: str, meaning: str, k: int, n: int) -> Number:
    rate = Rate(k, n)
    low, high = rate.interval()
    papers = NUMBERS.get(key, ())
    if not n:
        return Number(key, meaning, None, k=k, n=n, published=papers)
    return Number(key, meaning, rate.value, low, high, k, n, papers)


def _counts(s: Summary) -> list[Number]:
    crowd = s["candidates"]
    nights = s.number("nights")
    per_night = max(nights, 1)
    return [
        Number("nights", "nights", nights, published=NUMBERS["nights"]),
        _count("exposures", "exposures with alerts", s.number("exposures")),
        _count("exposures_with_candidates", "with candidates", int(crowd[1:].sum())),
        _count("exposures_with_five", "with five or more", int(crowd[5:].sum())),
        _count("exposures_with_tracklets", "with tracklets", s.number("exposures_with_tracklets")),
        Number(
            "median_candidates",
            "candidates per exposure that has any, median",
            _median(crowd[1:], np.arange(1, len(crowd)).astype(float)),
            published=NUMBERS["median_candidates"],
        ),
        _count("candidates", "candidates", s.number("mag/all")),
        _count("tracklets", "tracklets", s.number("tracklets")),
        _count("tracklet_alerts", "alerts in tracklets", s.evidence(TRACKLET)),
        _share(
            "tracklet_fraction",
            "candidates that are in tracklets",
            s.evidence(TRACKLET),
            s.number("evidence"),
        ),
        _share(
            "good_fraction",
            f"the same of candidates with a score above {GOOD:g}",
            int(s["quality/tracklet"][QUALITY.edges[:-1] >= GOOD].sum()),
            int(s["quality/all"][QUALITY.edges[:-1] >= GOOD].sum()),
        ),
        Number(
            "tracklet_alerts_per_exposure",
            "alerts in tracklets per exposure with candidates",
            s.evidence(TRACKLET) / max(int(crowd[1:].sum()), 1),
            published=NUMBERS["tracklet_alerts_per_exposure"],
        ),
        Number(
            "tracklets_per_night",
            "tracklets in a night",
            s.number("tracklets") / per_night,
            published=NUMBERS["tracklets_per_night"],
        ),
        Number(
            "tracklet_alerts_per_night",
            "alerts in tracklets in a night",
            s.evidence(TRACKLET) / per_night,
            published=NUMBERS["tracklet_alerts_per_night"],
        ),
    ]


def _shapes(span: Span) -> list[Number]:
    s, tracklets = span.summary, span.tracklets
    points, length = s["points/all"], s["length/all"]
    some = len(tracklets) > 0
    return [
        Number(
            "median_points",
            "events in a tracklet, median",
            _median(points, np.arange(len(points)).astype(float)),
            published=NUMBERS["median_points"],
        ),
        Number(
            "most_points",
            "events in the longest tracklet",
            int(tracklets["n_points"].max()) if some else None,
            published=NUMBERS["most_points"],
        ),
        Number(
            "median_length_arcsec",
            "length of a tracklet, median [arcsec]",
            float(tracklets["length_arcsec"].median())
            if some
            else _median(length, 10**LENGTH.middles),
            published=NUMBERS["median_length_arcsec"],
        ),
    ]


def _shares(s: Summary) -> list[Number]:
    looked, stamped = s.evidence(LOOKED), s.evidence(STAMPED)
    blind = s.evidence(BLIND | LOOKED)
    both = LOOKED | STAMPED
    any_of = TRACKLET | TRACKLET_MATCH | BLIND | MULTI
    return [
        _share(
            "matched_fraction",
            "tracklets matched with a satellite",
            s.number("tracklets_matched"),
            s.number("tracklets_looked"),
        ),
        _share(
            "matched_alert_fraction",
            "alerts of tracklets in matched ones",
            s.evidence(TRACKLET_MATCH | LOOKED),
            s.evidence(TRACKLET | LOOKED),
        ),
        _share("blind_fraction", "candidates that are matched by themselves", blind, looked),
        _share(
            "blind_in_tracklets",
            "of these in tracklets",
            s.evidence(BLIND | LOOKED | TRACKLET),
            blind,
        ),
        _share(
            "satellite_fraction",
            "candidates that are matched either way",
            s.evidence(LOOKED, any_of=BLIND | TRACKLET_MATCH),
            looked,
        ),
        _share(
            "central_fraction",
            "alerts of tracklets with a peak at the stamp's centre",
            s.evidence(TRACKLET | STAMPED | CENTRAL),
            s.evidence(TRACKLET | STAMPED),
        ),
        _share(
            "tracklet_multi_fraction",
            "alerts of tracklets with two or more peaks",
            s.evidence(TRACKLET | STAMPED | MULTI),
            s.evidence(TRACKLET | STAMPED),
        ),
        _share(
            "multi_fraction",
            "candidates with two or more peaks",
            s.evidence(STAMPED | MULTI),
            stamped,
        ),
        _share(
            "any_fraction",
            "candidates with any of the three kinds of evidence",
            s.evidence(both, any_of=any_of),
            s.evidence(both),
        ),
    ]


def _flashes(s: Summary) -> list[Number]:
    """How long matched flashes last and how bright they are; both are upper limits."""
    found = []
    for axis, name, unit, values in (
        (1, "duration", "_s", 10**DURATION.middles),
        (0, "instant_mag", "", INSTANT.middles),
    ):
        counts = s["flash"].sum(axis=axis)
        for part in (5, 50, 95):
            key = f"{name}_p{part}{unit}"
            what = "duration of flashes [s]" if unit else "instant magnitude of flashes [mag]"
            value = _quantile(counts, values, part / 100)
            papers = NUMBERS.get(key, ())
            found.append(Number(key, f"{what}, {part} % below", value, published=papers))
    return found


def _satellites(span: Span) -> list[Number]:
    matched = span.matched
    if not span.summary.number("nights_looked"):
        return []
    by = matched.groupby("norad_cat_id")
    sizes = by.size()
    status = by["ops_status"].first()
    return [
        _count("satellites", "different satellites", len(sizes)),
        _count(
            "satellites_ten_times", "of these seen ten times or more", int((sizes >= OFTEN).sum())
        ),
        _count("active_satellites", "of these operational", int((status == "operational").sum())),
    ]


def venn(s: Summary) -> dict[str, int]:
    """The eight cells of P2's figure 3, of the candidates of nights with all three methods."""
    both = LOOKED | STAMPED
    kinds = np.arange(len(s["evidence"]))
    flags = {
        "tracklet": kinds & TRACKLET != 0,
        "satellite": kinds & (BLIND | TRACKLET_MATCH) != 0,
        "multi_peak": kinds & MULTI != 0,
    }
    cells = {}
    for bits in range(8):
        chosen = [name for k, name in enumerate(flags) if bits >> k & 1]
        exactly = kinds & both == both
        for name, flag in flags.items():
            exactly = exactly & (flag == (name in chosen))
        cells[" & ".join(chosen) or "none"] = int(s["evidence"][exactly].sum())
    return cells


def _quantile(counts: NDArray[np.int64], values: NDArray[np.float64], part: float) -> float | None:
    """The value of the bin below whose end this part of all lies; None of none."""
    ends = np.cumsum(counts)
    if not ends[-1]:
        return None
    return float(values[np.searchsorted(ends, part * ends[-1])])


def _median(counts: NDArray[np.int64], values: NDArray[np.float64]) -> float | None:
    """Of values that come so often; None of none."""
    total = int(counts.sum())
    if not total:
        return None
    ends = np.cumsum(counts)
    low, high = (
        values[np.searchsorted(ends, k, side="right")] for k in ((total - 1) // 2, total // 2)
    )
    return float((low + high) / 2)
