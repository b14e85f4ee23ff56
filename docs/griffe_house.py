"""Our docstrings for the site: what stands behind a parameter's colon is its description.

numpydoc has a type there; ours stands in the signature.
"""

from __future__ import annotations

from typing import Any

import griffe


class House(griffe.Extension):
    """Put such texts where the site shows them."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Called for each object whose docstring was read."""
        if obj.docstring is None:
            return
        for section in obj.docstring.parsed:
            if section.kind is griffe.DocstringSectionKind.parameters:
                given = getattr(obj, "parameters", ())
                for one in section.value:
                    one.description = _joined(one)
                    known = [other for other in given if other.name == one.name]
                    one.annotation = known[0].annotation if known else None
            elif section.kind is griffe.DocstringSectionKind.raises:
                for one in section.value:
                    name, _, text = str(one.annotation).partition(" : ")
                    one.annotation = name
                    one.description = one.description or text


def _joined(one: Any) -> str:
    """A text that began on the line of the name and went on below."""
    return f"{one.annotation or ''} {one.description}".strip()
