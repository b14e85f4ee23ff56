"""Satellites with their tracklets."""

from __future__ import annotations

from typing import Any

import pyarrow.compute as pc

from fink_tracklets.service.index import Snapshot

Row = dict[str, Any]


def best_matches(snapshot: Snapshot) -> list[Row]:
    """The best match of each tracklet in all nights, newest night first."""
    found: list[Row] = []
    for name in sorted(snapshot.nights, reverse=True):
        matches = snapshot.nights[name].satellites
        if matches is not None:
            best = matches.filter(pc.equal(matches["rank"], 1)).to_pylist()
            found += [{**row, "night": name} for row in best]
    return found


def satellites(snapshot: Snapshot) -> list[Row]:
    """Each satellite with how many tracklets it is the best match of, most first."""
    grouped: dict[int, list[Row]] = {}
    for row in best_matches(snapshot):
        grouped.setdefault(row["norad_cat_id"], []).append(row)
    listed = [
        {
            "norad_cat_id": number,
            "object_name": rows[0]["object_name"],
            "tracklets": len(rows),
            "latest": max(row["tracklet"] for row in rows),
        }
        for number, rows in grouped.items()
    ]
    return sorted(listed, key=lambda row: (-row["tracklets"], row["norad_cat_id"]))


def tracklets_of(snapshot: Snapshot, number: int) -> list[Row]:
    """All matches with a satellite, also those where it is not the best, newest first."""
    found: list[Row] = []
    for name, night in snapshot.nights.items():
        if night.satellites is not None:
            mask = pc.equal(night.satellites["norad_cat_id"], number)
            found += [{**r, "night": name} for r in night.satellites.filter(mask).to_pylist()]
    return sorted(found, key=lambda row: str(row["tracklet"]), reverse=True)
