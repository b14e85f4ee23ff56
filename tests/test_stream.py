"""A night's names while it runs, from a folder that grows: at its end they are the night's."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
import requests

from fink_tracklets import with_tracklets, without_tracklets
from fink_tracklets.cli.main import main
from fink_tracklets.errors import ServiceError, UserError
from fink_tracklets.store.folder import LocalFolder
from fink_tracklets.store.online import final_changes, online_files, online_history, read_online
from fink_tracklets.stream.run import Job, run_stream
from fink_tracklets.stream.settings import load_stream
from fink_tracklets.stream.source import Lake
from fink_tracklets.stream.state import open_state
from tests.serving import serving
from tests.streaming import NIGHT, final_names, some_exposures, write_parts

SETTINGS = load_stream()


@pytest.fixture(scope="module")
def alerts(simulated, simulated_store):
    """In random order: every exposure comes in pieces."""
    return some_exposures(simulated.alerts, simulated_store)


@pytest.fixture(scope="module")
def followed(alerts, ztf, spark, tmp_path_factory) -> Job:
    """A night that was followed to its end, in three starts."""
    folder = tmp_path_factory.mktemp("followed")
    job = make_job(folder, ztf)
    third = len(alerts) // 3
    write_parts(alerts, lake_of(job), 0, [0, third])
    first = run_stream(job, SETTINGS)
    write_parts(alerts, lake_of(job), 1, [third, 2 * third, len(alerts)])
    second = run_stream(job, SETTINGS)
    again = run_stream(job, SETTINGS)
    assert first.messages + second.messages == len(alerts)
    assert (again.messages, again.new, again.renamed, again.withdrawn) == (0, 0, 0, 0)
    told = [first.new, first.renamed, first.withdrawn]
    told += [second.new, second.renamed, second.withdrawn]
    folder = LocalFolder(Path(job.store))
    assert len(online_history(folder, online_files(folder, NIGHT))) == sum(told)
    return job


def make_job(folder: Path, survey, **more) -> Job:
    lake, store = Lake(str(folder / "lake" / "{Y}{m}{d}")), str(folder / "store")
    return Job(NIGHT, survey, lake, str(folder / "state"), **{"store": store, "once": True, **more})


def lake_of(job: Job) -> Path:
    return Path(job.source.path.replace("{Y}{m}{d}", NIGHT))


def provisional(job: Job) -> dict[int, str]:
    rows = read_online(LocalFolder(Path(job.store)), NIGHT)
    return dict(zip(rows["alert_id"].to_pylist(), rows["tracklet"].to_pylist(), strict=True))


def test_the_end_is_the_night_s_names_and_a_restart_tells_nothing_twice(followed, simulated_store):
    assert provisional(followed) == final_names(simulated_store)


def test_crowds_wait_for_a_search_beside_the_stream(alerts, simulated_store, ztf, spark, tmp_path):
    """With hardly any work allowed in a batch most exposures wait; the folder grows meanwhile."""
    final = final_names(simulated_store)
    limit = datetime.now(UTC) + timedelta(seconds=120)
    job = make_job(tmp_path, ztf, once=False, trigger_s=0.0, until=limit)
    half = len(alerts) // 2
    write_parts(alerts, lake_of(job), 0, [0, half])
    names: dict[int, str | None] = {}

    def watch(changes) -> None:
        if not names:
            write_parts(alerts, lake_of(job), 1, [half, len(alerts)])
        names.update((change.alert_id, change.tracklet) for change in changes)

    settings = replace(SETTINGS, batch_cost=300.0, quiet_s=0.2, held_candidates=100)
    done = run_stream(
        job, settings, watch=watch, stopped=lambda counts: names.items() >= final.items()
    )
    assert datetime.now(UTC) < limit
    assert provisional(job) == final
    assert done.named == len(final)


def test_names_of_the_running_night_stand_beside_alerts(followed, simulated, simulated_store):
    alerts = pd.DataFrame({"candid": [*final_names(simulated_store), 1, 2]})
    with pytest.raises(UserError, match="has no night"):
        with_tracklets(alerts, followed.store, NIGHT)
    named = with_tracklets(alerts, followed.store, NIGHT, online=True)
    assert named["tracklet"].tolist()[:-2] == list(final_names(simulated_store).values())
    clean = without_tracklets(alerts, followed.store, NIGHT, online=True)
    assert clean["candid"].tolist() == [1, 2]
    stored = with_tracklets(alerts, simulated_store, NIGHT, online=True)
    assert stored["tracklet"].tolist() == named["tracklet"].tolist()
    with pytest.raises(UserError, match="no running night 20200101; it has 20211022"):
        with_tracklets(alerts, followed.store, "20200101", online=True)


def test_the_service_shows_the_running_night_as_provisional(followed, simulated_store):
    with serving(Path(followed.store)) as address:
        assert requests.get(f"{address}/api/v1/online").json() == [NIGHT]
        found = requests.get(f"{address}/api/v1/online/{NIGHT}").json()
        page = requests.get(f"{address}/online/{NIGHT}").text
        home = requests.get(f"{address}/").text
        refused = requests.get(f"{address}/api/v1/online/20200101")
    final = final_names(simulated_store)
    assert {row["alert_id"]: row["tracklet"] for row in found["alerts"]} == final
    assert (found["survey"], found["provisional"]) == ("ztf", True)
    assert sum(row["n_alerts"] for row in found["tracklets"]) == len(final)
    assert "Provisional" in page
    assert all(name in page for name in final.values())
    assert f"/online/{NIGHT}" in home
    assert (refused.status_code, refused.json()["text"]) == (404, "No night 20200101 runs.")


def test_the_run_says_how_many_names_it_changed(followed, simulated_store):
    final = final_names(simulated_store)
    some = sorted(final)
    changed = {number: final[number] for number in some[3:]} | {some[3]: "TRCK_X", 7: "TRCK_Y"}
    kinds = final_changes(LocalFolder(Path(followed.store)), NIGHT, changed)
    told = {"told": len(final), "new": 1, "renamed": 1, "withdrawn": 3}
    assert dict(kinds) == told
    assert final_changes(LocalFolder(Path(followed.store)), "20200101", changed) is None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"night": "20211023"}, "is the state of the night 20211022, not of 20211023"),
        ({"source": Lake("elsewhere")}, "is the state of the source lake"),
        ({"out_topic": "t"}, "--out-topic needs --bootstrap HOST:PORT"),
        ({"store": None}, "Names must go somewhere"),
        ({"state": "hdfs://name/state"}, "must be a folder of the driver's own machine"),
    ],
)
def test_a_state_that_does_not_fit_is_one_sentence(followed, change, sentence):
    with pytest.raises(UserError, match=sentence):
        run_stream(replace(followed, **change), SETTINGS)


def test_other_settings_of_the_survey_need_a_new_state(followed, ztf):
    finder = replace(ztf.finder, min_points=6)
    with pytest.raises(UserError, match="begun with other settings of the survey ztf"):
        run_stream(replace(followed, survey=replace(ztf, finder=finder)), SETTINGS)


def test_a_state_of_another_version_or_a_folder_of_others_is_refused(followed, ztf, tmp_path):
    job = make_job(tmp_path, ztf)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "_about.json.new").touch()  # as a death leaves it
    open_state(tmp_path / "state", NIGHT, ztf, str(job.source), packets=False)
    (tmp_path / "state" / "about.json").unlink()
    with pytest.raises(UserError, match="holds other things than a stream"):
        run_stream(job, SETTINGS)
    (tmp_path / "state" / "about.json").write_text('{"version": 0, "fink_tracklets": "0.0.9"}')
    with pytest.raises(UserError, match=r"another version of fink_tracklets \(0.0.9\)"):
        run_stream(job, SETTINGS)
    (tmp_path / "state" / "about.json").write_text("{")
    with pytest.raises(UserError, match="not valid JSON"):
        run_stream(job, SETTINGS)


def test_a_lake_without_a_file_ends_and_one_that_is_no_parquet_is_named(ztf, spark, tmp_path):
    job = make_job(tmp_path, ztf)
    assert run_stream(job, SETTINGS).messages == 0
    lake_of(job).mkdir(parents=True)
    (lake_of(job) / "a.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(UserError, match=r"is not a Parquet file, or is cut short"):
        run_stream(job, SETTINGS)


def test_alerts_of_another_survey_are_one_sentence(alerts, ztf, spark, tmp_path):
    job = make_job(tmp_path, ztf)
    lake_of(job).mkdir(parents=True)
    pq.write_table(alerts.slice(0, 9).drop_columns("candidate"), lake_of(job) / "a.parquet")
    with pytest.raises(UserError, match=r"the column jd is missing; survey 'ztf' needs it"):
        run_stream(job, SETTINGS)


def test_a_full_disk_is_one_sentence_and_loses_nothing(
    alerts, simulated_store, ztf, spark, tmp_path
):
    job = make_job(tmp_path, ztf)
    write_parts(alerts, lake_of(job), 0, [0, len(alerts)])
    (tmp_path / "state").mkdir()
    open_state(tmp_path / "state", NIGHT, ztf, str(job.source), packets=False)
    full = tmp_path / "state" / "candidates" / "_00000000.parquet.new"
    full.symlink_to("/dev/full")
    with pytest.raises(ServiceError, match=r"state in .* cannot be written: No space left"):
        run_stream(job, SETTINGS)
    full.unlink()
    run_stream(job, SETTINGS)
    assert provisional(job) == final_names(simulated_store)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("--night 20211022 --state s", "Give either --topic T with --bootstrap HOST:PORT, or"),
        ("--night 20211022 --state s --topic t", "--topic needs --bootstrap"),
        ("--topic t --bootstrap b", "--night is missing"),
        ("--night 20211022 --state s --lake l --store s --until noon", "--until noon is no time"),
        ("--night 20211322 --state s --lake l --store s", "'20211322' is not a night"),
        ("--night 20211022 --state s --lake l --store s --trigger -1", "--trigger must be"),
    ],
)
def test_wrong_use_is_one_sentence(capsys, line, sentence):
    assert main(["stream", *line.split()]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
