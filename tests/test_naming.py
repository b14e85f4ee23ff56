"""Names are those of the broker, and stable."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from astropy.time import Time
from hypothesis import given
from hypothesis import strategies as st

from fink_tracklets.errors import UserError
from fink_tracklets.naming import exposure_second, parse_nights, tracklet_name, tracklet_names


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


@given(
    st.lists(
        st.tuples(st.dates(date(2017, 1, 1), date(2018, 1, 1)), st.integers(0, 40)), min_size=1
    )
)
def test_a_span_is_its_nights_however_it_is_written(ranges):
    nights = {
        f"{first + timedelta(days=k):%Y%m%d}" for first, days in ranges for k in range(days + 1)
    }
    span = parse_nights(
        ", ".join(
            f"{first:%Y%m%d}..{first + timedelta(days=days):%Y%m%d}" for first, days in ranges
        )
    )
    assert list(span) == sorted(nights)
    assert len(span) == len(nights)
    assert all(night in span for night in nights)
    assert "20161231" not in span
    assert parse_nights(str(span)) == span == parse_nights(",".join(nights))


def test_a_span_is_written_shortly():
    assert str(parse_nights("20210604")) == "20210604"
    assert (
        str(parse_nights("20211231,20220101..20220103,20210604")) == "20210604,20211231..20220103"
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("20211024..20211022", "run backwards: write the earlier one first, 20211022..20211024."),
        ("20210231", "'20210231' is not a night"),
        ("20210201..20210229", "'20210229' is not a night"),
        ("20210604,", "'' is not a night"),
        ("", "'' is not a night"),
        ("2021", "'2021' is not a night"),
        ("..20210604", "'' is not a night"),
        ("20210604-20210605", "'20210604-20210605' is not a night"),
        ("20210604...20210605", "'.20210605' is not a night"),
        ("20210604..20210605..20210606", "has more than two ends"),
    ],
)
def test_what_is_no_span_is_told_how_to_write_one(text, sentence):
    with pytest.raises(UserError) as told:
        parse_nights(text)
    assert sentence in str(told.value)
    assert "write" in str(told.value)
