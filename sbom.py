"""The bill of materials of the package: what is installed with it, as CycloneDX (JSON, 1.6).

`python sbom.py [EXTRA ...]` prints it: fink_tracklets and all that it needs when it runs, at the
versions that are installed here, with licences and who needs whom.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution, distribution
from typing import Any

from packaging.requirements import Requirement

PACKAGE = "fink_tracklets"


def needed(name: str, extras: Iterable[str] = ()) -> list[Requirement]:
    """What a distribution needs on this machine."""
    given = [Requirement(text) for text in distribution(name).requires or ()]
    environments = [{"extra": extra} for extra in ("", *extras)]
    return [
        one
        for one in given
        if one.marker is None or any(one.marker.evaluate(where) for where in environments)
    ]


def closure(extras: Iterable[str]) -> dict[str, tuple[Distribution, list[str]]]:
    """All that is needed, by name, each with what it needs itself."""
    found: dict[str, tuple[Distribution, list[str]]] = {}
    waiting = [(PACKAGE, tuple(extras))]
    while waiting:
        name, wanted = waiting.pop()
        if reference(name) in found:
            continue
        requirements = needed(name, wanted)
        found[reference(name)] = (
            distribution(name),
            sorted({reference(one.name) for one in requirements}),
        )
        waiting += [(one.name, tuple(one.extras)) for one in requirements]
    return found


def reference(name: str) -> str:
    """A package's name and version as a package URL."""
    known = distribution(name)
    plain = known.metadata["Name"].lower().replace("_", "-").replace(".", "-")
    return f"pkg:pypi/{plain}@{known.version}"


def component(url: str, known: Distribution) -> dict[str, Any]:
    """A package as CycloneDX has it."""
    licence = known.metadata.get("License-Expression")
    shown = {"licenses": [{"expression": licence}]} if licence else {}
    kind = "application" if known.metadata["Name"] == PACKAGE else "library"
    name, version = known.metadata["Name"], known.version
    return {"type": kind, "bom-ref": url, "name": name, "version": version, "purl": url, **shown}


def bill(extras: Iterable[str]) -> dict[str, Any]:
    """The whole document; the same for the same versions."""
    found = closure(extras)
    ours = reference(PACKAGE)
    parts = {url: component(url, known) for url, (known, _) in sorted(found.items())}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": parts.pop(ours)},
        "components": list(parts.values()),
        "dependencies": [
            {"ref": url, "dependsOn": needs} for url, (_, needs) in sorted(found.items())
        ],
    }


if __name__ == "__main__":
    print(json.dumps(bill(sys.argv[1:]), indent=1))
