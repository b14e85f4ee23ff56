"""Nights whose truth is known: their counts, their sum, and the rate of all flashes there were."""

from __future__ import annotations

import pytest

from fink_tracklets.naming import parse_nights
from fink_tracklets.store.open import open_folder
from fink_tracklets.years.count import count_night
from fink_tracklets.years.span import read_span
from fink_tracklets.years.summary import add, merged
from tests.truth_nights import TruthNight, deviations, seen, shallower, truth_night

FEW = list(parse_nights("20211023..20211025"))
MANY = list(parse_nights("20211001..20211030"))


@pytest.fixture(scope="module")
def few(spark, tmp_path_factory):
    folder = tmp_path_factory.mktemp("few")
    store = str(folder / "store")
    return store, [truth_night(folder, store, n, 900 + k, 80) for k, n in enumerate(FEW)]


def check_counts(store: str, nights: list[TruthNight]) -> None:
    """The sum of the nights has the truth's counts, however they are merged."""
    span = read_span(open_folder(store))
    summary = span.summary
    assert summary.number("nights") == len(nights)
    assert summary.number("mag/all") == sum(len(night.truth) for night in nights)
    assert summary.number("alerts_read") == sum(night.n_rows for night in nights)
    by = [night.truth.groupby("exposure").size() for night in nights]
    assert summary["candidates"][1:].sum() == sum(len(one) for one in by)
    assert summary["candidates"][5:].sum() == sum((one >= 5).sum() for one in by)
    plane = summary.number("locus/count") + summary.number("locus/none")
    assert plane == summary["funnel"][2]
    # Grouped otherwise, and counted anew from the tables.
    whole = nights[-1].summary
    for night in nights[:-1]:
        whole = add(night.summary, whole)
    assert (whole.counts == summary.counts).all()
    anew = merged([count_night(night.stored).as_table() for night in nights])
    for name in ("mag/tracklet", "map/exposure", "evidence", "squares/mag", "month/alerts"):
        assert (anew[name] == summary[name]).all()


def test_three_nights_have_the_truth_s_counts(few):
    check_counts(*few)


def test_three_nights_rates_are_those_of_all_flashes(few):
    _, nights = few
    normal = [seen(night) for night in nights]
    table = deviations(nights, normal, normal)
    assert table["true"].between(table["low"], table["high"]).sum() >= 2


@pytest.mark.campaign
def test_thirty_nights(spark, tmp_path):
    store = str(tmp_path / "store")
    nights = [truth_night(tmp_path, store, n, 500 + k, 314) for k, n in enumerate(MANY)]
    check_counts(store, nights)
    normal = [seen(night) for night in nights]
    halved = [shallower(night, k) for k, night in enumerate(nights)]
    for name, tested in (("as they are", normal), ("half undetectable", halved)):
        table = deviations(nights, [*normal, *halved], tested)
        print(f"\n{name}\n{table.to_string()}\n{table.mean()}")
        within = table["true"].between(table["low"], table["high"])
        print(f"within two errors: {within.sum()} of {len(table)}")
        assert within.sum() >= 27
    assert 0.4 < sum(one.undetectable for one in halved) / len(halved) < 0.6
