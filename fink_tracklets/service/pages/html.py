"""HTML and SVG from Python: everything that is not already markup is escaped."""

from __future__ import annotations

from html import escape
from typing import Any

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
    cells = []
    for row in rows:
        parts = []
        for cell in row:
            value, shown = cell if isinstance(cell, tuple) else (cell, cell)
            numeric = isinstance(value, int | float) and not isinstance(value, bool)
            key = value if numeric and value == value else "" if numeric else None
            parts.append(tag("td", shown, data_value=key, class_="n" if numeric else None))
        cells.append(tag("tr", parts))
    head = [
        tag("th", name, tag("small", f" {unit}") if unit else None, scope="col")
        for name, unit in heads
    ]
    made = tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", head)),
        tag("tbody", cells),
        class_="sortable",
        data_filter="yes" if filtered else None,
    )
    return tag("div", made, class_="wide", tabindex="0", role="region", aria_label=caption)
