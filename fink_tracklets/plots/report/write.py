"""Writes a report: figures, tables, numbers, and the page that has all of it."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fink_tracklets.errors import UserError
from fink_tracklets.plots.report.figures import ReportFigure, all_figures
from fink_tracklets.plots.report.page import Drawn, html
from fink_tracklets.survey.image import Imager
from fink_tracklets.version import __version__
from fink_tracklets.years import tables
from fink_tracklets.years.completeness import Completeness
from fink_tracklets.years.limits import forecast
from fink_tracklets.years.numbers import Number, all_numbers, venn
from fink_tracklets.years.rates import (
    by_declination,
    by_instant_magnitude,
    corrected_rate,
    sky_rate,
    stated_magnitude,
)
from fink_tracklets.years.span import Span

DPI = 110


def write_report(
    span: Span,
    out: Path,
    seen_by: Imager,
    other: Imager,
    completeness: Completeness | None = None,
    above: float | None = None,
    tracks: Mapping[str, int] | None = None,
) -> list[str]:
    """Write report.html, numbers.json, figures/*.png and *.pdf, tables/*.csv and *.tex.

    Parameters
    ----------
    seen_by, other : the survey, and that in which its flashes are to be imagined
    completeness : by which rates are corrected; without only for the exposures' limits
    above : magnitude in the exposure above which the corrected rate is; by default one that nearly
        all exposures show
    tracks : files of high-rate light curves, each with its satellite's number

    Returns
    -------
    A sentence for each figure that could not be drawn.

    Raises
    ------
    UserError : the folder cannot be written, or a track cannot be read
    """
    numbers = all_numbers(span)
    stated = stated_magnitude(span.summary) if above is None else above
    corrected = corrected_rate(span.summary, span.survey, stated, completeness)
    rates = [
        *((name, sky_rate(span, kind)) for kind, name in RATE_NAMES.items()),
        (f"all brighter than {stated:g} in the exposure, detected or not", corrected),
    ]
    if corrected is not None:
        value = corrected.per_hour
        meaning = f"flashes brighter than {stated:g} in the exposure per hour and sky, corrected"
        bounds = value - corrected.down, value + corrected.up
        numbers.append(Number("rate_corrected", meaning, value, *bounds, n=corrected.n))
    told = forecast(span, seen_by, other)
    made = [
        tables.number_table(numbers),
        tables.funnel_table(span),
        tables.satellite_table(span),
        tables.rate_table(rates, by_instant_magnitude(span)),
        tables.declination_table(by_declination(span)),
        *([] if told is None else [tables.forecast_table(told)]),
    ]
    figures = [drawn(one, span) for one in all_figures(seen_by, other, tracks or {})]
    whole = {
        "nights": span.text,
        "survey": span.survey.name,
        "version": __version__,
        "numbers": {one.key: one.as_json() for one in numbers},
        "venn": venn(span.summary),
        "tables": {
            one.key: [dict(zip(one.heads, row, strict=True)) for row in one.rows] for one in made
        },
        "not_drawn": {one.key: one.lacking for one in figures if one.lacking},
    }
    files: dict[str, bytes] = {
        "report.html": html(span, made, figures).encode(),
        "numbers.json": (json.dumps(whole, indent=1, allow_nan=False) + "\n").encode(),
    }
    for table in made:
        files[f"tables/{table.key}.csv"] = table.csv().encode()
        files[f"tables/{table.key}.tex"] = table.latex().encode()
    for figure in figures:
        for ending, content in figure.files.items():
            files[f"figures/{figure.key}.{ending}"] = content
    _write(out, files)
    return [f"{one.title}: not drawn, since {one.lacking}." for one in figures if one.lacking]


RATE_NAMES = {
    "tracklet": "events in tracklets",
    "satellite": "candidates matched with satellites",
    "any": "candidates with any of three kinds of evidence",
}


def drawn(one: ReportFigure, span: Span) -> Drawn:
    """A figure as PNG and PDF, the same bytes each time; or why there is none."""
    from matplotlib.figure import Figure

    figure: Any = Figure(figsize=one.size, layout="constrained")
    lacking = one.draw(figure, span)
    if lacking is not None:
        return Drawn(one.key, one.title, {}, lacking)
    files = {}
    for ending, metadata in (("png", {"Software": None}), ("pdf", {"CreationDate": None})):
        sink = io.BytesIO()
        figure.savefig(sink, format=ending, dpi=DPI, metadata=metadata)
        figure.set_layout_engine("none")  # laid out once, which takes as long as drawing
        files[ending] = sink.getvalue()
    return Drawn(one.key, one.title, files, None)


def _write(out: Path, files: Mapping[str, bytes]) -> None:
    try:
        for name, content in files.items():
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (out / name).write_bytes(content)
    except OSError as error:
        raise UserError(f"The report cannot be written to {out}: {error.strerror}.") from error


def check_out(out: Path) -> None:
    """Raises where a folder cannot be made or written, before anything is computed."""
    probe = out / ".probe"
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise UserError(f"The folder {out} cannot be written: {error.strerror}.") from error
