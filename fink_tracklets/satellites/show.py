"""Matches as a table for a terminal."""

from __future__ import annotations

import pandas as pd


def show_matches(matches: pd.DataFrame) -> str:
    """Matches as a table for a terminal."""
    if not len(matches):
        return ""
    table = pd.DataFrame(
        {
            "tracklet": matches["tracklet"],
            "rank": matches["rank"],
            "NORAD": matches["norad_cat_id"],
            "object": matches["object_name"],
            "score": matches["score"].map("{:.1f}".format),
            "": matches["composite"]
            .map({True: "composite", False: ""})
            .where(~matches["certain"], "certain"),
            "chance": matches["chance_probability"].map("{:.1e}".format).replace("nan", "-"),
            "late s": matches["lateness_s"].map("{:+.2f}".format).replace("+nan", "-"),
            'aside "': matches["aside_arcsec"].map("{:+.1f}".format).replace("+nan", "-"),
            "elements": matches["element_age_d"].map(
                lambda d: f"{abs(d):.1f} d {'newer' if d < 0 else 'older'}"
            ),
            "zone": matches["zone"],
        }
    )
    return f"{table.to_string(index=False)}\n"
