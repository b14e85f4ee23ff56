"""The tables of a report, as columns and rows, and as CSV and LaTeX."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from fink_tracklets.tables.summary import TRACKLET
from fink_tracklets.years.limits import QUIESCENT, Forecast
from fink_tracklets.years.numbers import Number
from fink_tracklets.years.published import FUNNEL, FUNNEL_NIGHTS, RATES, SKY_DEG2, THAICOM_2
from fink_tracklets.years.rates import ByDeclination, Cumulative, SkyRate
from fink_tracklets.years.span import Span

SHOWN = 10
"""Satellites from the top of the list, and of those that were seen once."""


@dataclass(frozen=True)
class ReportTable:
    """A table of the report."""

    key: str
    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    """Numbers, texts, and None."""
    note: str = ""

    def csv(self) -> str:
        """As CSV, numbers in full."""
        sink = io.StringIO()
        writer = csv.writer(sink, lineterminator="\n")
        writer.writerow(self.heads)
        writer.writerows(["" if cell is None else cell for cell in row] for row in self.rows)
        return sink.getvalue()

    def latex(self) -> str:
        """As a LaTeX tabular."""
        sides = "".join("l" if _is_text(self, k) else "r" for k in range(len(self.heads)))
        lines = [rf"% {self.title}", rf"\begin{{tabular}}{{{sides}}}", r"\hline"]
        lines.append(" & ".join(map(_escaped, self.heads)) + r" \\")
        lines.append(r"\hline")
        lines += [" & ".join(_escaped(shown(cell)) for cell in row) + r" \\" for row in self.rows]
        return "\n".join([*lines, r"\hline", r"\end{tabular}", ""])


def shown(cell: Any) -> str:
    """A cell as a person reads it: whole numbers in full, others to three digits."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int) or float(cell).is_integer():
        return f"{int(cell):,}"
    return f"{cell:,.0f}" if abs(cell) >= 1000 else f"{cell:.3g}"


def _is_text(table: ReportTable, k: int) -> bool:
    return any(isinstance(row[k], str) for row in table.rows)


def _escaped(text: str) -> str:
    for plain, latex in (("\\", r"\textbackslash{}"), *((c, rf"\{c}") for c in "&%$#_{}")):
        text = text.replace(plain, latex)
    return text.replace("^2", "$^2$").replace("±", r"$\pm$")


def funnel_table(span: Span) -> ReportTable:
    """P1's table 1."""
    s = span.summary
    nights = max(s.number("nights"), 1)
    names = [cut.name for cut in span.survey.cuts]
    rows = [("alerts read", s.number("alerts_read"))]
    if s.number("alerts_usable") < s.number("alerts_read"):
        rows.append(("with id, time and position", s.number("alerts_usable")))
    rows += [(f"+ {name}", int(n)) for name, n in zip(names, s["funnel"], strict=False)]
    rows.append(("+ in tracklets", s.evidence(TRACKLET)))
    rows.append(("tracklets", s.number("tracklets")))
    beside = dict(zip((*names, "in tracklets", "tracklets"), FUNNEL, strict=False))
    whole = []
    for name, n in rows:
        paper = beside.get(name.removeprefix("+ ")) if span.survey.name == "ztf" else None
        count = paper[1] if paper else None
        per_night = None if count is None else round(count / FUNNEL_NIGHTS, 1)
        whole.append((name, n, round(n / nights, 1), count, per_night))
    return ReportTable(
        "table1",
        "Alerts left after each cut (P1 table 1)",
        ("step", "alerts", "per night", "P1", "P1 per night"),
        tuple(whole),
        f"{nights:,} nights; P1 has {FUNNEL_NIGHTS}. Alerts in tracklets are counted once.",
    )


def satellites_ranked(span: Span) -> pd.DataFrame:
    """The matched satellites, those with most tracklets first: medians of their tracklets."""
    matched = span.matched
    if matched.empty:
        return pd.DataFrame()
    settings = span.survey.glints
    if settings is not None:  # where stamps were not measured, P1's equation 1 needs the arc alone
        longest = span.survey.exposure_time_s * settings.psf_scale_arcsec / matched["arc_arcsec"]
        matched = matched.assign(duration_s=matched["duration_s"].fillna(longest))
    by = matched.groupby("norad_cat_id")
    table = by.agg(
        object_name=("object_name", "last"),
        tracklets=("tracklet", "size"),
        alerts=("n_alerts", "sum"),
        ops_status=("ops_status", "last"),
        zone=("zone", "last"),
        semi_major_axis_km=("semi_major_axis_km", "median"),
        rcs_m2=("rcs_m2", "median"),
        arc_deg=("arc_arcsec", lambda arc: arc.median() / 3600),
        period_m_s=("period_m_s", "median"),
        period_p_s=("period_p_s", "median"),
        duration_s=("duration_s", "median"),
    )
    return table.reset_index().sort_values(
        ["tracklets", "alerts", "norad_cat_id"], ascending=[False, False, True], ignore_index=True
    )


OF_SATELLITE = (
    *("norad_cat_id", "object_name", "tracklets", "alerts", "ops_status"),
    *("semi_major_axis_km", "rcs_m2", "arc_deg", "period_m_s", "period_p_s", "duration_s"),
)


def satellite_table(span: Span) -> ReportTable:
    """P1's table 2: the satellites seen most often, and some that were seen once."""
    ranked = satellites_ranked(span)
    rows: list[tuple[Any, ...]] = []
    if len(ranked):
        once = ranked[ranked["tracklets"] == 1].iloc[:SHOWN]
        top = ranked.iloc[:SHOWN]
        parts = [top, once[~once["norad_cat_id"].isin(top["norad_cat_id"])]]
        for row in pd.concat(parts)[list(OF_SATELLITE)].itertuples(index=False):
            rows.append(tuple(_plain(value) for value in row))
        if (ranked["norad_cat_id"] == THAICOM_2["norad_cat_id"]).any():
            paper = [THAICOM_2.get(name) for name in OF_SATELLITE]
            rows.append((paper[0], "THAICOM 2 in P1 table 2", *paper[2:]))
    return ReportTable(
        "table2",
        "Satellites seen most often, and some seen once (P1 table 2)",
        (
            *("ID", "name", "tracklets", "alerts", "status"),
            *("a [km]", "RCS [m^2]", "arc [deg]", "P_m [s]", "P_p [s]", "tau [s]"),
        ),
        tuple(rows),
        "Medians over a satellite's tracklets; P_m, P_p and tau are upper limits, P_m and P_p "
        "need stamps.",
    )


def number_table(numbers: Sequence[Number]) -> ReportTable:
    """All numbers, with what was published."""
    rows = []
    for one in numbers:
        error = None if one.low is None or one.high is None else (one.high - one.low) / 2
        papers = "; ".join(str(paper) for paper in one.published)
        rows.append((one.meaning, one.value, error, one.k, one.n, papers))
    return ReportTable(
        "numbers",
        "Numbers, and those that were published",
        ("what", "here", "±", "of these", "of", "published"),
        tuple(rows),
        "Errors are one standard deviation: of counts the root, of shares half of Wilson's "
        "interval, of rates that of the tracks' numbers, since flashes of a track come together.",
    )


def rate_table(
    rates: Sequence[tuple[str, SkyRate | None]], cumulative: Cumulative | None
) -> ReportTable:
    """Rates of flashes beside those of others."""
    rows: list[tuple[Any, ...]] = []
    for name, rate in rates:
        if rate is not None:
            bounds = rate.down, rate.up, rate.correction_error
            rows.append((name, rate.per_hour, *bounds, rate.per_deg2_hour, rate.n, "this work"))
    if cumulative is not None:
        for mag in (6.0, 8.0, 10.0, 12.0, 14.0):
            k = int(abs(cumulative.mag - mag).argmin())
            per_hour = float(cumulative.per_hour[k])
            bounds = float(cumulative.down[k]), float(cumulative.up[k]), 0.0
            name = f"matched, instant magnitude up to {mag:g}"
            rows.append((name, per_hour, *bounds, per_hour / SKY_DEG2, None, "this work"))
    for one in RATES:
        name = f"{one.name} (instant magnitude {one.instant_mag:g})"
        errors = one.down, one.up
        rows.append((name, one.per_hour, *errors, None, one.per_hour / SKY_DEG2, None, one.how))
    return ReportTable(
        "rates",
        "Flashes per hour over the whole sky",
        (
            *("what", "per hour", "-", "+", "of these by the correction"),
            *("per deg^2 and hour", "n", "source"),
        ),
        tuple(rows),
    )


def declination_table(by: ByDeclination) -> ReportTable:
    """The rate in bands of declination."""
    rows = [
        (f"{low:+.0f} to {high:+.0f}", *map(_plain, told), int(n), round(float(h), 3))
        for low, high, *told, n, h in zip(
            by.edges[:-1],
            by.edges[1:],
            by.per_deg2_hour,
            by.down,
            by.up,
            by.n,
            by.deg2_hours,
            strict=True,
        )
        if h > 0
    ]
    return ReportTable(
        "declination",
        "Flashes in tracklets by declination",
        ("declination [deg]", "per deg^2 and hour", "-", "+", "flashes", "deg^2 hours exposed"),
        tuple(rows),
    )


def forecast_table(told: Forecast) -> ReportTable:
    """What another survey sees, each line with its assumption."""
    one, other = told.seen_by.name, told.other.name
    rows: list[tuple[Any, ...]] = [
        ("flashes detected fainter by [mag]", None, told.deeper_mag, "limits and exposure times"),
        (
            "trails shown fainter by [mag]",
            None,
            told.trail_deeper_mag,
            "the time in which an object crosses a point's width",
        ),
    ]
    for duration, (here, there) in zip(told.durations_s, told.point_like, strict=True):
        assumed = f"all flashes last {duration:g} s; points are shorter than half a width"
        rows.append((f"share of point-like flashes, {duration:g} s", here, there, assumed))
    if told.times_more is not None:
        slope = f"log10 N goes on with {told.slope:.2f} per mag"
        rows.append(("flashes, times as many", 1.0, told.times_more, slope))
    if told.trailed is not None:
        quiet = f"quiescent {QUIESCENT:g} mag below the flash (P1 section 3.4)"
        rows.append(("share of flashing objects that trail", None, told.trailed, quiet))
    return ReportTable(
        "forecast",
        f"The same flashes seen by {other} (P1 section 3.4, P2 section 4)",
        ("what", one, other, "assuming"),
        tuple(rows),
        f"From {told.n:,} matched events.",
    )


def _plain(value: Any) -> Any:
    """A value of numpy or pandas as Python has it; NaN is None."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if hasattr(value, "item"):
        return _plain(value.item())
    return int(value) if isinstance(value, float) and value.is_integer() else value
