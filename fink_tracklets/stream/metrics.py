"""How a stream does, for the textfile collector of Prometheus' node exporter."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fink_tracklets.errors import UserError

COUNTERS = {
    "messages": "alerts read",
    "candidates": "alerts that pass the cuts",
    "dead": "messages that could not be read",
    "batches": "batches done",
    "new": "alerts that got a name",
    "renamed": "alerts whose name changed",
    "withdrawn": "alerts that lost their name",
    "interruptions": "times that the stream began again by itself",
}


def lag(progress: Mapping[str, Any]) -> int:
    """The messages of a topic that a query has yet to read, of its last report."""
    behind = (source.get("metrics") or {} for source in progress["sources"])
    return sum(int(float(one.get("maxOffsetsBehindLatest", 0))) for one in behind)


def write_metrics(
    file: str, night: str, survey: str, counts: Mapping[str, int], gauges: Mapping[str, float]
) -> None:
    """Replace the textfile in one step.

    Parameters
    ----------
    counts : by the names of `COUNTERS`, since the stream's start
    gauges : what is now
    """
    label = f'{{survey="{survey}",night="{night}"}}'
    lines = []
    for name, meaning in COUNTERS.items():
        full = f"fink_tracklets_stream_{name}_total"
        lines += [f"# HELP {full} {meaning}", f"# TYPE {full} counter"]
        lines.append(f"{full}{label} {counts.get(name, 0)}")
    for name, value in gauges.items():
        full = f"fink_tracklets_stream_{name}"
        lines += [f"# TYPE {full} gauge", f"{full}{label} {value:g}"]
    try:
        new = Path(f"{file}.{os.getpid()}.new")
        new.write_text("\n".join(lines) + "\n")
        new.replace(file)
    except OSError as error:
        raise UserError(f"The metrics cannot be written to {file}: {error.strerror}.") from error
