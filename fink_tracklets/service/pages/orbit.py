"""Orbits among what is known to fly: inclination against semi-major axis, as SVG."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from fink_tracklets.orbits.population import shipped
from fink_tracklets.service.pages import svg
from fink_tracklets.service.pages.svg import tenth

LEFT, RIGHT, TOP, BOTTOM = 68.0, 532.0, 12.0, 260.0
LOW_KM, HIGH_KM, HIGH_DEG = 6500.0, 60_000.0, 115.0
TICKS_KM, TICKS_DEG = (7000, 10_000, 15_000, 20_000, 30_000, 42_164), (0, 30, 60, 90)


def orbit_plot(a_km: Iterable[float], i_deg: Iterable[float], radius: float = 1.6) -> Markup:
    """Orbits as dots, before the population that comes with the package."""
    a, i = np.array([*a_km], float), np.array([*i_deg], float)
    shapes = [svg.frame(LEFT, TOP, RIGHT - LEFT, BOTTOM - TOP), _background()]
    for tick in TICKS_KM:
        x = tenth(_x(np.array([tick]))[0])
        shapes.append(svg.path(f"M{x} {TOP}V{BOTTOM}", "grid"))
        shapes.append(svg.label(x, BOTTOM + 18, f"{tick / 1000:g}"))
    for tick in TICKS_DEG:
        y = tenth(_y(np.array([tick]))[0])
        shapes.append(svg.path(f"M{LEFT} {y}H{RIGHT}", "grid"))
        shapes.append(svg.label(LEFT - 8, y + 4, f"{tick}", "tick end"))
    inside = (a > LOW_KM) & (a < HIGH_KM) & (i < HIGH_DEG)
    places = np.unique(np.round(np.column_stack([_x(a), _y(i)])[inside], 1), axis=0)
    shapes += [svg.circle(x, y, radius, "glint") for x, y in places]
    shapes.append(svg.label((LEFT + RIGHT) / 2, BOTTOM + 38, "semi-major axis [1,000 km]"))
    turned = Markup('<text transform="translate(15 {}) rotate(-90)" class="tick">{}</text>')
    shapes.append(turned.format((TOP + BOTTOM) / 2, "inclination [deg]"))
    told = "Inclination against semi-major axis, the known population behind"
    return svg.picture(540, BOTTOM + 46, told, shapes)


def _x(a_km: NDArray[np.float64]) -> NDArray[np.float64]:
    return LEFT + np.log(a_km / LOW_KM) / np.log(HIGH_KM / LOW_KM) * (RIGHT - LEFT)


def _y(i_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    return BOTTOM - 4 - i_deg / HIGH_DEG * (BOTTOM - TOP - 4)


@cache
def _background() -> Markup:
    """The shipped population, a mark for each place that has any."""
    population = shipped()
    a, i = population.a_km, population.inclination_deg
    inside = (a > LOW_KM) & (a < HIGH_KM) & (i < HIGH_DEG)
    places = np.unique(np.rint(np.column_stack([_x(a), _y(i)])[inside] / 1.5) * 1.5, axis=0)
    return svg.path("".join(f"M{x:g} {y:g}h1" for x, y in places), "candidate")
