"""A night's names while it runs, from a folder that grows: at its end they are the night's."""

from __future__ import annotations

from pathlib import Path

import pytest

from fink_tracklets.store.folder import LocalFolder
from fink_tracklets.store.online import online_files, online_history, read_online
from fink_tracklets.stream.run import Job, run_stream
from fink_tracklets.stream.settings import load_stream
from fink_tracklets.stream.source import Lake
from tests.streaming import NIGHT, final_names, some_exposures, write_parts


@pytest.fixture(scope="module")
def alerts(simulated, simulated_store):
    """In random order: every exposure comes in pieces."""
    return some_exposures(simulated.alerts, simulated_store)


@pytest.fixture
def job(ztf, spark, tmp_path) -> Job:
    lake = Lake(str(tmp_path / "lake" / "{Y}{m}{d}"))
    return Job(NIGHT, ztf, lake, str(tmp_path / "state"), store=str(tmp_path / "store"), once=True)


def provisional(job: Job) -> dict[int, str]:
    rows = read_online(LocalFolder(Path(job.store)), NIGHT)
    return dict(zip(rows["alert_id"].to_pylist(), rows["tracklet"].to_pylist(), strict=True))


def lake(job: Job) -> Path:
    return Path(job.source.path.replace("{Y}{m}{d}", NIGHT))


def test_the_end_is_the_night_s_names_and_a_restart_tells_nothing_twice(
    job, alerts, simulated_store
):
    third = len(alerts) // 3
    write_parts(alerts, lake(job), 0, [0, third])
    first = run_stream(job, load_stream())
    write_parts(alerts, lake(job), 1, [third, 2 * third, len(alerts)])
    second = run_stream(job, load_stream())
    again = run_stream(job, load_stream())
    assert first.messages + second.messages == len(alerts)
    assert (again.messages, again.new, again.renamed, again.withdrawn) == (0, 0, 0, 0)
    assert provisional(job) == final_names(simulated_store)
    assert again.named == len(final_names(simulated_store))
    folder = LocalFolder(Path(job.store))
    history = online_history(folder, online_files(folder, NIGHT))
    told = [first.new, first.renamed, second.new, second.renamed, second.withdrawn]
    assert len(history) == sum(told)
