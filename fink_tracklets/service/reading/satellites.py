"""Satellites with their tracklets."""

from __future__ import annotations

from typing import Any

import pyarrow.compute as pc

from fink_tracklets.service.reading.snapshot import HeldNight, Snapshot

Row = dict[str, Any]


def satellites(snapshot: Snapshot) -> list[Row]:
    """Each satellite with how many tracklets it is the best match of, most first."""
    grouped: dict[int, list[Row]] = {}
    for row in snapshot.best_matches:
        grouped.setdefault(row["norad_cat_id"], []).append(row)
    listed = [
        {
            "norad_cat_id": number,
            "object_name": rows[0]["object_name"],
            "object_type": rows[0]["object_type"],
            "zone": rows[0]["zone"],
            "tracklets": len(rows),
            "certain": sum(row["certain"] is True for row in rows),
            "latest": max(row["tracklet"] for row in rows),
        }
        for number, rows in grouped.items()
    ]
    return sorted(listed, key=lambda row: (-row["tracklets"], row["norad_cat_id"]))


def tracklets_of(snapshot: Snapshot, number: int) -> list[Row]:
    """All matches with a satellite, also those where it is not the best, newest first.

    With the tracklet's mean magnitude and, where it was measured, its period [s].
    """
    found: list[Row] = []
    for name, night in snapshot.nights.items():
        if night.satellites is None:
            continue
        matches = night.satellites.filter(pc.equal(night.satellites["norad_cat_id"], number))
        if len(matches):
            mag, period = _column(night, "mag_mean"), _column(night, "period_s")
            found += [
                {
                    **row,
                    "night": name,
                    "mag_mean": mag.get(row["tracklet"]),
                    "period_s": period.get(row["tracklet"]),
                }
                for row in matches.to_pylist()
            ]
    return sorted(found, key=lambda row: str(row["tracklet"]), reverse=True)


def _column(night: HeldNight, name: str) -> dict[str, float | None]:
    """A value of each tracklet, of the table that has it."""
    table = night.tracklets if name in night.tracklets.column_names else night.flashes
    if table is None:
        return {}
    return dict(zip(table["tracklet"].to_pylist(), table[name].to_pylist(), strict=True))
