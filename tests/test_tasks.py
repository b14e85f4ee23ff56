"""Which task searches which exposure."""

from __future__ import annotations

import os
import signal

import numpy as np
import pandas as pd
import pytest

from fink_tracklets.errors import UserError
from fink_tracklets.finder import kernel, search
from fink_tracklets.pipeline import link
from fink_tracklets.pipeline.link import TASK_COST, named_tracklets, task_of_exposure
from fink_tracklets.pipeline.run import account
from fink_tracklets.simulate import random_exposures


def counts(candidates, jd=None):
    n = len(candidates)
    jd = 2459000.5 + np.arange(n) / 1000 if jd is None else jd
    names = [f"e{k}" for k in range(n)]
    return pd.DataFrame({"exposure": names, "jd": jd, "candidates": candidates})


def loads(table, candidates):
    number = table["exposure"].str[1:].astype(int).to_numpy()
    n = np.array(candidates)[number]
    return np.bincount(table["task"], n**2.0 * np.log2(n))


def test_a_heavy_exposure_is_alone_and_comes_first(ztf):
    candidates = [50] * 300 + [3000] + [50] * 300 + [900, 1000]
    table = task_of_exposure(counts(candidates), ztf)
    assert len(table) == len(candidates)
    heavy = table.loc[table["exposure"] == "e300", "task"].item()
    assert heavy == 0
    assert (table["task"] == heavy).sum() == 1


def test_the_work_is_spread(ztf):
    candidates = np.random.default_rng(1).integers(5, 1500, 400)
    load = loads(task_of_exposure(counts(candidates), ztf), candidates)
    longest = 1500**2 * np.log2(1500)
    assert len(load) > 4
    assert load.max() <= max(longest, 1.3 * load.mean())
    assert load.sum() / len(load) <= 2 * TASK_COST


def test_a_calm_night_is_one_task_and_an_empty_one_none(ztf):
    calm = task_of_exposure(counts([5, 20, 30]), ztf)
    assert set(calm["task"]) == {0}
    assert task_of_exposure(counts([0, 2, 60_000]), ztf).empty


def test_exposures_of_one_second_go_together(ztf):
    jd = np.repeat(2459000.5 + np.arange(30) / 1000, 2)
    table = task_of_exposure(counts([700] * 60, jd), ztf)
    assert table["task"].nunique() > 3
    pairs = table["task"].to_numpy().reshape(-1, 2)
    assert (pairs[:, 0] == pairs[:, 1]).all()


def test_what_is_given_up_is_named(ztf, monkeypatch):
    """A row without a tracklet tells the driver; the manifest's account has the exposure."""
    for module in (kernel, search):
        monkeypatch.setattr(module, "MAX_WORK", 1)
    frame, _ = random_exposures(np.random.default_rng(3), 1, 120, 3)
    frame = frame.assign(exposure="e0", jd=2459000.5, mag=18.0)
    members = named_tracklets(frame, ztf)
    assert members["exposure"].tolist() == ["e0"]
    assert members["tracklet"].isna().all()
    night = counts([len(frame), 9]).assign(
        alerts=200, no_id=0, no_time=0, no_position=0, **{f"cut_{k}": 200 for k in range(9)}
    )
    report = account(night, pd.Series([], dtype=object), members["exposure"], ztf)
    assert [one.exposure for one in report["exposures_given_up"]] == ["e0"]


def test_what_is_given_up_goes_through_spark(ztf, spark, monkeypatch):
    """A task with nothing else, and one with a tracklet in another exposure."""

    def given_up(frames, survey):
        kernel.MAX_WORK = search.MAX_WORK = 1  # in Spark's worker, which is a process of its own
        yield from linked(frames, survey)

    linked = link._linked
    monkeypatch.setattr(link, "_linked", given_up)
    frame, _ = random_exposures(np.random.default_rng(3), 1, 120, 3)
    frame = frame.assign(exposure="e0", jd=2459000.5, mag=18.0, detector=1)
    frame = frame.assign(x=frame["ra"], y=frame["dec"])
    night = counts([len(frame)])
    tasks = task_of_exposure(night, ztf)
    rows = link.link_candidates(spark.createDataFrame(frame), tasks, ztf).toPandas()
    assert rows["exposure"].tolist() == ["e0"]
    assert rows.drop(columns="exposure").isna().all(axis=None)


def test_an_exposure_whose_search_ends_its_worker_is_named(ztf, spark, monkeypatch):
    """The worker of the second task dies as the kernel kills one that takes too much memory."""

    def killed(frames, survey):
        for frame in frames:
            if "e1" in set(frame["exposure"]):
                os.kill(os.getpid(), signal.SIGKILL)
            yield named_tracklets(frame, survey)

    monkeypatch.setattr(link, "_linked", killed)
    night = counts([1100, 1000])
    tasks = task_of_exposure(night, ztf)
    rows = night.assign(alert_id=[1, 2], ra=1.0, dec=2.0, detector=3, x=4.0, y=5.0, mag=18.0)
    linked = link.link_candidates(spark.createDataFrame(rows), tasks, ztf)
    with pytest.raises(UserError) as raised, link.deaths_named(tasks, night):
        linked.toArrow()
    assert "the exposure e1 (1,000 candidates) ended its Python worker" in str(raised.value)
