"""What the pictures are made of: SVG, drawn on the server.

`Markup.format` escapes what it is given, but for what is Markup already.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

NOTHING = Markup("")


def picture(width: float, height: float, label: str, shapes: Iterable[Markup]) -> Markup:
    """A picture of shapes, with what is read out in its place."""
    size = f"0 0 {width:.0f} {height:.0f}"
    form = Markup('<svg viewBox="{}" role="img" aria-label="{}">{}</svg>')
    return form.format(size, label, NOTHING.join(shapes))


def path(course: str, kind: str) -> Markup:
    """A path of one of the style sheet's kinds."""
    return Markup('<path d="{}" class="{}"/>').format(course, kind)


def polyline(points: NDArray[np.float64], kind: str) -> Markup:
    """A line through points."""
    text = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return Markup('<polyline points="{}" class="{}"/>').format(text, kind)


def circle(x: float, y: float, radius: float, kind: str, inside: Markup = NOTHING) -> Markup:
    """A circle with its title."""
    form = Markup('<circle cx="{}" cy="{}" r="{}" class="{}">{}</circle>')
    return form.format(tenth(x), tenth(y), radius, kind, inside)


def frame(x: float, y: float, width: float, height: float) -> Markup:
    """The border of a picture."""
    form = Markup('<rect x="{}" y="{}" width="{}" height="{}" class="frame"/>')
    return form.format(x, y, width, tenth(height))


def label(x: float, y: float, content: str, kind: str = "tick") -> Markup:
    """A text at a place."""
    form = Markup('<text x="{}" y="{}" class="{}">{}</text>')
    return form.format(tenth(x), tenth(y), kind, content)


def title(text: str) -> Markup:
    """What a shape is called where a pointer rests on it."""
    return Markup("<title>{}</title>").format(text)


def star(x: float, y: float, radius: float) -> str:
    """The path of a star with five points."""
    corners = [
        (x + r * np.sin(k * np.pi / 5), y - r * np.cos(k * np.pi / 5))
        for k in range(10)
        for r in [radius if k % 2 == 0 else radius * 0.42]
    ]
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in corners) + "Z"


def tenth(value: float) -> float:
    """A coordinate as it is written."""
    return round(float(value), 1)
