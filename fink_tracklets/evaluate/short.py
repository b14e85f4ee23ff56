"""What short tracks are worth: are they of one object each, and how many glints are known."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class ShortTracks:
    """Short tracks and glints of a night against its truth."""

    tracks: int
    """Short tracks found."""
    of_one: int
    """Those whose alerts are all of one object."""
    glints: int
    """Alerts that an object's flash made and that pass the cuts."""
    in_tracklets: int
    """Of these the ones in a tracklet."""
    on_short_tracks: int
    """And those on a short track."""

    def text(self) -> str:
        """One line."""
        known = self.in_tracklets + self.on_short_tracks
        share = known / self.glints if self.glints else 1.0
        return (
            f"short tracks: {self.tracks}, of one object each: {self.of_one}; "
            f"glints: {self.glints}, in tracklets {self.in_tracklets}, "
            f"on short tracks {self.on_short_tracks} ({share:.3f} are known)"
        )


def compare_short(truth: pd.DataFrame, found: pd.DataFrame, short: pd.DataFrame) -> ShortTracks:
    """Short tracks against the objects that flashed.

    Parameters
    ----------
    truth : alert_id, norad_cat_id (null for what no object made)
    found : alert_id of the alerts in tracklets
    short : alert_id, short_track
    """
    objects = truth.drop_duplicates("alert_id").set_index("alert_id")["norad_cat_id"]
    of_alert = short["alert_id"].map(objects)
    tracks = of_alert.groupby(short["short_track"])
    one = (tracks.nunique() == 1) & (tracks.count() == tracks.size())
    glints = objects.index[objects.notna()]
    return ShortTracks(
        tracks=len(one),
        of_one=int(one.sum()),
        glints=len(glints),
        in_tracklets=int(glints.isin(found["alert_id"]).sum()),
        on_short_tracks=int(glints.isin(short["alert_id"]).sum()),
    )
