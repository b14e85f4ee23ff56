"""A tracklet's brightness: its alerts' magnitudes, its flashes and their light curve."""

from __future__ import annotations

from typing import Any

from fink_tracklets.service.details import Details, Row, satellite_arc
from fink_tracklets.service.pages.charts import chart
from fink_tracklets.service.pages.html import (
    Markup,
    decimal,
    facts,
    is_finite,
    joined,
    power,
    quantity,
    tag,
)


def brightness(found: Details) -> list[Markup]:
    """Sections with what the store has of it."""
    along = tag("section", tag("h2", "Magnitude along the track"), _along(found))
    curve = _light_curve(found)
    charts = tag("div", along, curve, class_="columns")
    return [charts, *_flashes(found.flashes)]


def _along(found: Details) -> Markup:
    rows = [r for r in found.alerts if is_finite(r["mag"])]
    if not rows:
        return tag("p", "The alerts have no magnitudes.")
    band = rows[0]["band"]
    return chart(
        "Magnitude along the track",
        [r["along_arcsec"] for r in rows],
        [r["mag"] for r in rows],
        [r["mag_err"] for r in rows],
        "along the track [arcsec]",
        f"magnitude in {band}" if band else "magnitude",
    )


def _light_curve(found: Details) -> Markup:
    head = tag("h2", "Light curve")
    points = [r for r in found.light_curve or [] if is_finite(r["mag"])]
    if not points:
        text = (
            "The flashes of this night have not been measured."
            if found.light_curve is None
            else "The stamps show no flash."
        )
        return tag("section", head, tag("p", text))
    times = [r["time_s"] for r in points]
    forward = _forward(found)
    if forward is False:
        times = [max(times) - t for t in times]
    limits = [r["limiting_mag"] for r in points if is_finite(r["limiting_mag"])]
    rings = [r["alert_id"] is None for r in points]
    picture = chart(
        "Light curve",
        times,
        [r["mag"] for r in points],
        [r["mag_scatter"] for r in points],
        f"after the first flash [s]{', forwards or backwards' if forward is None else ''}",
        "magnitude in the exposure",
        limit=sum(limits) / len(limits) if limits else None,
        hollow=rings,
    )
    legend = tag(
        "p",
        tag("span", tag("i", class_="dot glint"), " alert"),
        tag("span", tag("i", class_="dot ring"), " flash without an alert, in the stamps of others")
        if any(rings) else None,
        tag("span", tag("i", class_="dash limit"), " quiescent: fainter than this")
        if limits else None,
        class_="legend",
    )  # fmt: skip
    return tag("section", head, picture, legend)


def _forward(found: Details) -> bool | None:
    """Whether the satellite moves along the track; None without a certain one.

    The table's times grow along the track, which begins at its western end.
    """
    best = next(iter(found.satellites or []), None)
    arc = None if best is None else satellite_arc(found, best)
    if best is None or arc is None or not best["certain"]:
        return None
    return bool((arc[-1] - arc[0]) @ (found.curve[-1] - found.curve[0]) > 0)


def _flashes(row: Row | None) -> list[Markup]:
    if not row:
        return []
    return [tag("h2", "Flashes"), tag("div", _periods(row), _sizes(row), class_="columns")]


def _periods(row: Row) -> Markup:
    comb = None
    if row["period_s"] is not None:
        comb = f"{row['n_on_comb']} of {row['n_flashes']} flashes, {row['n_teeth']} teeth"
    return facts(
        ("Flashes", row["n_flashes"]),
        ("Period", _with_error(row, "period") or "none that stands out from chance"),
        ("On its comb", comb),
        ("Such combs by chance", power(row["log10_false_alarm"]) if comb else None),
        ("Second flash at phase", quantity(row["interpulse_phase"], 3)),
        ("Period from the stamps", _limit("≤ ", _with_error(row, "period_m"))),
        ("Period from the alerts", _limit("≤ ", _with_error(row, "period_p"))),
        ("Stamps with several peaks", f"{row['n_multi_peak']} of {row['n_alerts']}"),
    )


def _sizes(row: Row) -> Markup:
    arc = quantity(row["arc_arcsec"], 0, "″")
    return facts(
        ("Path in the exposure", f"{arc}, of the {row['arc_source']}" if arc else None),
        ("Duration of a flash", _limit("≤ ", quantity(row["duration_s"], 3, " s"))),
        ("Magnitude at its peak", _limit("", quantity(row["instant_mag"], 1), " or brighter")),
        ("Amplitude", _limit("≥ ", quantity(row["amplitude_mag"], 1, " mag"))),
        ("Standard magnitude, mirror", quantity(row["standard_mag"], 1)),
        ("Standard magnitude, diffuse", quantity(row["standard_mag_lambert"], 1)),
        ("Expected of its radar size", quantity(row["expected_mag"], 1)),
        ("First flash within", quantity(row["free_time_s"], 2, " s of the exposure's start")),
    )


def _with_error(row: Row, name: str) -> str | None:
    """A period with as many decimals as its error deserves."""
    value, error = row[f"{name}_s"], row[f"{name}_error_s"]
    if not is_finite(value):
        return None
    if error is None or not 0 < error < 1e3:
        return f"{value:.4g} s"
    digits = next(n for n in range(7) if error * 10**n >= 2 or n == 6)
    return f"{decimal(value, digits)} ± {decimal(error, digits)} s"


def _limit(before: str, text: Any, after: str = "") -> Markup | None:
    return None if text is None else joined(before, text, after)
