"""The lines of four alerts in 40,545 real exposures, one by one, and what each may be.

    python -m benchmarks.real_short

A geosynchronous object moves 450" among the stars in 30 s at most, along a parallel or, on an
inclined orbit, within some 30 degrees of it. Objects on other high orbits are as slow or faster,
in any direction; low ones cross thousands of arcsec, as lines that chance makes do in most cases.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from astropy.time import Time

from benchmarks.scenes import DATA, real_frame
from fink_tracklets import load_survey
from fink_tracklets.finder.find import find_tracklets
from fink_tracklets.finder.short import find_short_tracks

STILL = 15.041 * 30
"""What a geostationary object moves in an exposure [arcsec]."""
INCLINED_DEG = 30.0
LONG = 2000.0
"""Length from which on chance makes most lines [arcsec]."""


def judge(track: pd.Series) -> str:
    """What a line of four may be, by its length and direction."""
    off_parallel = abs(abs(track["position_angle_deg"]) % 180 - 90)
    if track["length_arcsec"] > LONG:
        return "low orbit, or chance"
    if track["length_arcsec"] <= STILL * 1.05 and off_parallel <= INCLINED_DEG:
        return "as a geosynchronous object"
    if track["length_arcsec"] <= STILL * 1.05:
        return "high orbit, across the parallel"
    return "high or middle orbit"


def main() -> None:
    """Print a line per short track, and how many there are of each kind."""
    survey = load_survey("ztf")
    frame = real_frame(DATA)
    found = find_tracklets(frame, survey)
    short = find_short_tracks(frame, found["alert_id"], survey)
    tracks = short.groupby(["exposure", "number"], as_index=False).first()
    tracks["candidates"] = tracks["exposure"].map(frame.groupby("exposure").size())
    tracks["judged"] = tracks.apply(judge, axis=1)
    print("| start (UTC) | candidates | length | PA | log10 NFA | judged |\n|" + " --- |" * 6)
    for _, track in tracks.iterrows():
        print(
            f"| {Time(track['exposure'], format='jd').iso[:19]} | {track['candidates']} "
            f'| {track["length_arcsec"]:.0f}" | {track["position_angle_deg"]:.0f} '
            f"| {track['log10_nfa']:.1f} | {track['judged']} |"
        )
    for judged, some in tracks.groupby("judged"):
        nfa = np.median(some["log10_nfa"])
        print(f"{judged}: {len(some)}, median log10 NFA {nfa:.1f}")


if __name__ == "__main__":
    main()
