"""Names are those of the broker, and stable."""

from __future__ import annotations

import numpy as np
import pandas as pd
from astropy.time import Time

from fink_tracklets.naming import exposure_second, tracklet_name, tracklet_names


def names(rows):
    return list(tracklet_names(pd.DataFrame(rows, columns=["jd", "n_alerts", "first_alert"])))


def test_the_second_is_truncated():
    assert names([(2459369.9001157, 15, 1)]) == ["TRCK_20210604_093609_00"]


def test_the_second_before_midnight_stays_in_its_day():
    jd = Time("2021-12-31T23:59:59.999", scale="utc").jd
    assert names([(jd, 5, 1)]) == ["TRCK_20211231_235959_00"]
    assert names([(Time("2022-01-01T00:00:00", scale="utc").jd, 5, 1)]) == [
        "TRCK_20220101_000000_00"
    ]


def test_the_broker_s_conversion_gives_the_same_second():
    jd = np.random.default_rng(0).uniform(2458000, 2462000, 20_000)
    stamps = Time(jd, format="jd", scale="utc").to_datetime()
    expected = [f"TRCK_{stamp:%Y%m%d_%H%M%S}_00" for stamp in stamps]
    assert [tracklet_name(second, 0) for second in exposure_second(jd)] == expected


def test_exposures_that_share_a_second_share_one_numbering():
    early, late = Time(["2024-05-01T03:00:00.1", "2024-05-01T03:00:00.8"]).jd
    rows = [(late, 7, 30), (early, 7, 20), (early, 9, 40), (late, 7, 10), (late + 1, 5, 1)]
    given = names(rows)
    assert given[:4] == [f"TRCK_20240501_030000_{n}" for n in ("03", "02", "00", "01")]
    assert given[4] == "TRCK_20240502_030000_00"
    assert names(rows[::-1])[::-1] == given


def test_more_than_a_hundred_take_a_third_digit():
    given = names([(2459369.9, 5, alert) for alert in range(101)])
    assert given[99].endswith("_99")
    assert given[100].endswith("_100")
