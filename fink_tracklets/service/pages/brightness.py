"""A tracklet's brightness as charts: its alerts along the track, its flashes in time."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from fink_tracklets.service.pages.charts import chart
from fink_tracklets.service.pages.numbers import is_finite
from fink_tracklets.service.reading.details import Details, satellite_arc


@dataclass(frozen=True)
class LightCurve:
    """The light curve, and what its legend has to explain."""

    picture: Markup
    rings: bool
    """Whether some flashes have no alert of their own."""
    limited: bool
    """Whether there is a line below which the object is between its flashes."""


def magnitudes(found: Details) -> Markup | None:
    """The magnitudes of the alerts along the track; None where they have none."""
    rows = [row for row in found.alerts if is_finite(row["mag"])]
    if not rows:
        return None
    band = rows[0]["band"]
    return chart(
        "Magnitude along the track",
        [row["along_arcsec"] for row in rows],
        [row["mag"] for row in rows],
        [row["mag_err"] for row in rows],
        "along the track [arcsec]",
        f"magnitude in {band}" if band else "magnitude",
    )


def light_curve(found: Details) -> LightCurve | None:
    """The flashes in time; None where there are none."""
    points = [row for row in found.light_curve or [] if is_finite(row["mag"])]
    if not points:
        return None
    times = [row["time_s"] for row in points]
    forward = _forward(found)
    if forward is False:
        times = [max(times) - t for t in times]
    limits = [row["limiting_mag"] for row in points if is_finite(row["limiting_mag"])]
    rings = [row["alert_id"] is None for row in points]
    picture = chart(
        "Light curve",
        times,
        [row["mag"] for row in points],
        [row["mag_scatter"] for row in points],
        f"after the first flash [s]{', forwards or backwards' if forward is None else ''}",
        "magnitude in the exposure",
        limit=sum(limits) / len(limits) if limits else None,
        hollow=rings,
    )
    return LightCurve(picture, any(rings), bool(limits))


def _forward(found: Details) -> bool | None:
    """Whether the satellite moves along the track; None without a certain one.

    The table's times grow along the track, which begins at its western end.
    """
    best = next(iter(found.satellites or []), None)
    arc = None if best is None else satellite_arc(found, best)
    if best is None or arc is None or not best["certain"]:
        return None
    return bool((arc[-1] - arc[0]) @ (found.curve[-1] - found.curve[0]) > 0)
