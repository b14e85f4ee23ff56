"""Pictures as SVG, drawn on the server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fink_tracklets.service.details import Details
from fink_tracklets.service.pages.html import Markup, tag
from fink_tracklets.service.sky import mollweide, offsets

SIZE = 480.0


def sky_map(
    exposures: dict[str, Sequence[Any]], tracklets: list[dict[str, Any]], href: Any
) -> Markup:
    """Exposures of a night on the whole sky, and its tracklets as links.

    Parameters
    ----------
    exposures : ra, dec [deg, ICRS], candidates
    tracklets : rows of the table
    href : tracklet's name to the address of its page
    """
    grid = []
    for dec in (-60, -30, 0, 30, 60):
        grid.append(_polyline(_map(np.linspace(180.001, 539.999, 61), np.full(61, dec)), "grid"))
    for ra in range(0, 360, 30):
        grid.append(_polyline(_map(np.full(41, ra), np.linspace(-90, 90, 41)), "grid"))
    hours = [
        tag("text", f"{ra // 15}h", x=_r(x), y=_r(y + 14), class_="tick")
        for ra in (60, 120, 240, 300, 0)
        for x, y in [_map([ra], [0])[0]]
    ]
    places: Any = _map(exposures["ra"], exposures["dec"]) if len(exposures["ra"]) else []
    dots = [
        tag("circle", cx=_r(x), cy=_r(y), r=_r(2 + min(n, 100) ** 0.5), class_="exposure")
        for (x, y), n in zip(places, exposures["candidates"], strict=True)
    ]
    marks = []
    for row in tracklets:
        ((x, y),) = _map([row["ra_start"]], [row["dec_start"]])
        star = tag("path", d=_star(x, y, 8), class_="glint")
        title = tag("title", f"{row['tracklet']}, {row['n_alerts']} alerts")
        marks.append(tag("a", title, star, href=href(row["tracklet"])))
    outline = tag("ellipse", cx=400, cy=200, rx=396, ry=198, class_="frame")
    return tag(
        "svg", outline, grid, hours, dots, marks,
        viewBox="0 0 800 400", role="img",
        aria_label=f"Map of the sky with {len(dots)} exposures and {len(marks)} tracklets, "
        "which the table lists",
    )  # fmt: skip


def sky_view(found: Details) -> Markup:
    """A tracklet, its curve, the other candidates and the satellite; north up, east to the left."""
    members = offsets(found.at, [r["ra"] for r in found.alerts], [r["dec"] for r in found.alerts])
    middle = (members.min(axis=0) + members.max(axis=0)) / 2
    half = 0.65 * max(np.ptp(members, axis=0).max(), 60.0)

    def xy(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return (1 + (points - middle) / half * [-1, -1]) * SIZE / 2

    others = offsets(
        found.at, [r["ra"] for r in found.others], [r["dec"] for r in found.others]
    ) if found.others else np.empty((0, 2))  # fmt: skip
    shapes: list[Any] = [_polyline(xy(found.curve), "curve")]
    shapes += _satellite_arc(found, xy)
    shapes += [
        tag("circle", tag("title", f"alert {row['alert_id']}"), cx=_r(x), cy=_r(y), r=4,
            class_="candidate")
        for row, (x, y) in zip(found.others, xy(others), strict=True)
        if 0 <= x <= SIZE and 0 <= y <= SIZE
    ]  # fmt: skip
    shapes += [
        tag("circle", tag("title", f"{row['object_id']}, mag {row['mag']:.2f}"),
            cx=_r(x), cy=_r(y), r=5, class_="glint")
        for row, (x, y) in zip(found.alerts, xy(members), strict=True)
    ]  # fmt: skip
    bar = float(f"{half / 2:.0e}")
    length = bar / half * SIZE / 2
    scale = [
        tag("path", d=f"M20 {SIZE - 20}h{_r(length)}", class_="bar"),
        tag("text", f"{bar:.0f}″", x=_r(20 + length / 2), y=SIZE - 28, class_="tick"),
        tag("text", "N", x=SIZE - 24, y=22, class_="tick"),
        tag("text", "E", x=SIZE - 62, y=60, class_="tick"),
        tag("path", d=f"M{SIZE - 24} 56v-28M{SIZE - 24} 56h-30", class_="bar thin"),
    ]
    return tag(
        "svg", tag("rect", width=SIZE, height=SIZE, class_="frame"), shapes, scale,
        viewBox=f"0 0 {SIZE:.0f} {SIZE:.0f}", role="img",
        aria_label=f"{len(members)} alerts along a curve, with {len(found.others)} other "
        "candidates of the exposure",
    )  # fmt: skip


def _satellite_arc(found: Details, xy: Any) -> list[Markup]:
    """The best match's path among the stars during the exposure."""
    best = next(iter(found.satellites or []), None)
    if best is None:
        return []
    places = [(best[f"arc_ra_{at}"], best[f"arc_dec_{at}"]) for at in ("start", "middle", "end")]
    if any(value is None for place in places for value in place):
        return []
    line = xy(offsets(found.at, [ra for ra, _ in places], [dec for _, dec in places]))
    if not np.isfinite(line).all():
        return []
    title = tag("title", f"predicted path of {best['object_name'] or best['norad_cat_id']}")
    return [tag("g", title, _polyline(line, "satellite"))]


def chart(
    title: str,
    x: Sequence[float],
    y: Sequence[float],
    errors: Sequence[float | None],
    x_label: str,
    y_label: str,
    line: bool = False,
) -> Markup:
    """Points with error bars; y grows downwards, as magnitudes do."""
    xs, ys = np.asarray(x, float), np.asarray(y, float)
    bars = np.array([e if e is not None and np.isfinite(e) else 0.0 for e in errors])
    left, right, top, bottom = 62.0, 628.0, 12.0, 230.0
    x0, x1 = _span(xs)
    y0, y1 = _span(np.concatenate([ys - bars, ys + bars]))

    def px(value: Any) -> Any:
        return left + (value - x0) / (x1 - x0) * (right - left)

    def py(value: Any) -> Any:
        return top + (value - y0) / (y1 - y0) * (bottom - top)

    shapes: list[Any] = []
    for tick in _ticks(x0, x1):
        at = _r(px(tick))
        shapes.append(tag("path", d=f"M{at} {top}V{bottom}", class_="grid"))
        shapes.append(tag("text", f"{tick:g}", x=at, y=bottom + 18, class_="tick"))
    for tick in _ticks(y0, y1):
        at = _r(py(tick))
        shapes.append(tag("path", d=f"M{left} {at}H{right}", class_="grid"))
        shapes.append(tag("text", f"{tick:g}", x=left - 8, y=at + 4, class_="tick end"))
    if line:
        order = np.argsort(xs, kind="stable")
        shapes.append(_polyline(np.stack([px(xs[order]), py(ys[order])], axis=1), "curve"))
    for a, b, error in zip(xs, ys, bars, strict=True):
        at, low, high = _r(px(a)), _r(py(b - error)), _r(py(b + error))
        shapes.append(tag("path", d=f"M{at} {low}V{high}", class_="bar thin"))
        shapes.append(tag("circle", cx=at, cy=_r(py(b)), r=4, class_="glint"))
    labels = [
        tag("text", x_label, x=(left + right) / 2, y=bottom + 38, class_="tick"),
        tag("text", y_label, transform=f"translate(16 {(top + bottom) / 2}) rotate(-90)",
            class_="tick"),
    ]  # fmt: skip
    frame = tag("rect", x=left, y=top, width=right - left, height=bottom - top, class_="frame")
    return tag(
        "svg", frame, shapes, labels, viewBox="0 0 640 276", role="img",
        aria_label=f"{title}: {len(xs)} points, {y_label} {ys.min():.2f} to {ys.max():.2f}",
    )  # fmt: skip


def _map(ra: Any, dec: Any) -> NDArray[np.float64]:
    points = mollweide(ra, dec)
    return np.stack([400 + 198 * points[:, 0], 200 - 198 * points[:, 1]], axis=1)


def _polyline(points: NDArray[np.float64], kind: str) -> Markup:
    text = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return tag("polyline", points=text, class_=kind)


def _star(x: float, y: float, radius: float) -> str:
    corners = [
        (x + r * np.sin(k * np.pi / 5), y - r * np.cos(k * np.pi / 5))
        for k in range(10)
        for r in [radius if k % 2 == 0 else radius * 0.42]
    ]
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in corners) + "Z"


def _span(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    margin = 0.06 * (high - low) or 0.5
    return low - margin, high + margin


def _ticks(low: float, high: float) -> list[float]:
    step = 10.0 ** np.floor(np.log10((high - low) / 4))
    for factor in (1, 2, 5, 10):
        if (high - low) / (factor * step) <= 7:
            step *= factor
            break
    first = int(np.ceil(low / step))
    return [round(k * step, 10) for k in range(first, int(np.floor(high / step)) + 1)]


def _r(value: float) -> float:
    return round(float(value), 1)
