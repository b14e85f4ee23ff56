"""HTML and SVG from Python: everything that is not already markup is escaped."""

from __future__ import annotations

import math
from html import escape
from typing import Any, TypeGuard

NOTHING = (float("nan"), "")
"""An empty cell among numbers."""
VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def tag(_name: str, *children: Any, **attributes: Any) -> Markup:
    """An element. `class_` and `for_` lose the underscore, others turn to hyphens.

    Attributes that are None or False are left out. Children may be lists.

    Examples
    --------
    >>> tag("a", "x<y", href="?a&b", aria_label="more")
    '<a href="?a&amp;b" aria-label="more">x&lt;y</a>'
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if _name in VOID:
        return Markup(f"<{_name}{given}>")
    return Markup(f"<{_name}{given}>{joined(*children)}</{_name}>")


def joined(*children: Any) -> Markup:
    """Children one after the other."""
    return Markup("".join(_text(child) for child in children))


def _text(child: Any) -> str:
    if child is None:
        return ""
    if isinstance(child, list | tuple):
        return joined(*child)
    return child if isinstance(child, Markup) else escape(str(child))


def is_finite(value: float | None) -> TypeGuard[float]:
    """Whether there is a number."""
    return value is not None and math.isfinite(value)


def number(value: float | None, digits: int) -> tuple[float, str]:
    """A cell with a number: to sort by, and as it is shown."""
    if not is_finite(value):
        return NOTHING
    return value, decimal(value, digits)


def decimal(value: float, digits: int, sign: str = "") -> str:
    """A number with so many decimals, never a minus zero.

    Examples
    --------
    >>> decimal(-0.001, 2), decimal(-2.5, 1), decimal(14.02, 1, "+")
    ('0.00', '-2.5', '+14.0')
    """
    return f"{value:{sign}z,.{digits}f}"


def quantity(value: float | None, digits: int, unit: str = "", sign: str = "") -> str | None:
    """A number with its unit, or None."""
    if not is_finite(value):
        return None
    return decimal(value, digits, sign) + unit


def power(exponent: float | None) -> Markup | None:
    """Ten to the power, as it is written."""
    if not is_finite(exponent):
        return None
    return joined("10", tag("sup", decimal(exponent, 1)))


def facts(*rows: tuple[str, Any]) -> Markup:
    """A list of terms and values; those without a value are left out."""
    return tag(
        "dl",
        [(tag("dt", name), tag("dd", value)) for name, value in rows if value not in (None, "")],
    )


def table(
    caption: str,
    heads: list[tuple[str, str]],
    rows: list[list[Any]],
    filtered: bool = False,
) -> Markup:
    """A table that the page's script makes sortable.

    Parameters
    ----------
    heads : text and unit of each column
    rows : cells; a pair (value, shown) is sorted by its value
    filtered : whether it gets a field to filter it
    """
    pairs = [[cell if isinstance(cell, tuple) else (cell, cell) for cell in row] for row in rows]
    numeric = [any(_is_number(row[k][0]) for row in pairs) for k in range(len(heads))]
    cells = []
    for row in pairs:
        parts = []
        for value, shown in row:
            number = _is_number(value)
            key = value if number and value == value else "" if number else None
            parts.append(tag("td", shown, data_value=key, class_="n" if number else None))
        cells.append(tag("tr", parts))
    head = [
        tag("th", name, tag("small", f" {unit}") if unit else None, scope="col",
            class_="n" if right else None)
        for (name, unit), right in zip(heads, numeric, strict=True)
    ]  # fmt: skip
    made = tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", head)),
        tag("tbody", cells),
        class_="sortable",
        data_filter="yes" if filtered else None,
    )
    return tag("div", made, class_="wide", tabindex="0", role="region", aria_label=caption)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
