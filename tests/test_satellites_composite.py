"""One line made by two geosynchronous objects on one parallel."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sgp4.api import WGS72, Satrec

from fink_tracklets.satellites.elements import read_elements
from fink_tracklets.satellites.identify import Catalogue, fields_of, scenes
from fink_tracklets.satellites.night import identify_night
from fink_tracklets.sky.sphere import ra_dec

JD = 2459369.9001157


@pytest.fixture(scope="module")
def pair(data):
    """THAICOM 2 and an object 500" ahead of it on the same orbit."""
    elements = read_elements([data / "norad_20210611.3le.gz"])
    first = int(np.flatnonzero(elements.norad_cat_id == 23314)[0])
    found = elements.take(np.array([first, first]))
    s, ahead = found.satrecs[0], Satrec()
    ahead.sgp4init(
        WGS72,
        "i",
        0,
        s.jdsatepoch + s.jdsatepochF - 2433281.5,
        s.bstar,
        s.ndot,
        s.nddot,
        s.ecco,
        s.argpo,
        s.inclo,
        s.mo + np.radians(500 / 3600),
        s.no_kozai,
        s.nodeo,
    )
    found.satrecs[1] = ahead
    found.norad_cat_id[1] = 90001
    return found


def line(pair, ztf, shares):
    """Points at shares of the arcs of the two objects."""
    near = pd.DataFrame({"exposure": ["e"], "jd": JD, "ra": 327.68, "dec": -14.023})
    (scene,) = scenes(Catalogue.of(pair), fields_of(near), ztf)
    arcs = scene.nominal
    points = np.concatenate(
        [
            arcs.points[k, 0] + np.array(own)[:, None] * (arcs.points[k, 2] - arcs.points[k, 0])
            for k, own in enumerate(shares)
        ]
    )
    ra, dec = ra_dec(points)
    order = np.argsort(ra)
    return pd.DataFrame(
        {
            "tracklet": "T",
            "exposure": "e",
            "jd": JD,
            "ra": ra[order],
            "dec": dec[order],
            "along_arcsec": (ra[order] - ra.min()) * 3600,
            "alert_id": np.arange(len(ra)),
        }
    )


def test_a_line_of_three_and_two_points_has_two_objects(pair, ztf):
    alerts = line(pair, ztf, ([0.1, 0.5, 0.9], [0.4, 0.95]))
    found = identify_night(alerts, alerts, pair, ztf)
    assert sorted(found.satellites["norad_cat_id"]) == [23314, 90001]
    assert found.satellites["composite"].all()
    assert not found.satellites["certain"].any()
    assert found.satellites["chance_probability"].isna().all()
    assert found.record["composite"] == 1


def test_a_line_of_one_object_has_one(pair, ztf):
    alerts = line(pair, ztf, ([0.1, 0.3, 0.5, 0.7, 0.95], []))
    best = identify_night(alerts, alerts, pair, ztf).satellites.iloc[0]
    assert (best["norad_cat_id"], best["composite"]) == (23314, False)
