"""Names into a topic from a lake, and of two streams that write one topic."""

from __future__ import annotations

import signal
from dataclasses import replace

import pyarrow as pa
import pytest

from fink_tracklets.errors import UserError
from fink_tracklets.stream.changes import Change
from fink_tracklets.stream.final import publish_final
from fink_tracklets.stream.held import Held
from fink_tracklets.stream.run import Job, run_stream
from fink_tracklets.stream.settings import load_stream
from fink_tracklets.stream.source import Lake
from fink_tracklets.stream.state import CANDIDATES, open_state
from fink_tracklets.stream.topic import OutTopic
from tests.streaming import (
    NIGHT,
    as_a_client,
    assert_names_once,
    driver,
    final_names,
    finished,
    last_names,
    make_topics,
    process,
    run_to_the_end,
    send,
    some_exposures,
    wait_for_a_batch,
    write_parts,
)

SETTINGS = load_stream()


def test_a_lake_s_rows_go_to_a_topic_once(kafka, simulated, simulated_store, ztf, spark, tmp_path):
    """Killed when the first half was told and Spark did not know; the value is the whole row."""
    alerts = some_exposures(simulated.alerts, simulated_store)
    alerts = alerts.append_column("tracklet", pa.array(["TRCK_OLD"] * len(alerts)))
    lake, half = tmp_path / "lake", len(alerts) // 2
    make_topics(kafka.kafka, "lake_out")
    job = Job(
        *(NIGHT, ztf, Lake(str(lake)), str(tmp_path / "state")),
        out_topic="lake_out",
        bootstrap=kafka.kafka,
        once=True,
    )
    write_parts(alerts, lake, 0, [0, half])
    line = ["--lake", str(lake), "--out-topic", "lake_out", "--bootstrap", kafka.kafka]
    killed = process("committed", *line, "--state", job.state, "--once")
    assert killed.wait(300) == -signal.SIGKILL
    assert as_a_client(kafka.kafka, "lake_out")
    write_parts(alerts, lake, 1, [half, len(alerts)])
    run_stream(job, SETTINGS)
    final = final_names(simulated_store)
    assert_names_once(kafka, "lake", final)
    last = {record["candid"]: record for record in as_a_client(kafka.kafka, "lake_out")}
    rows = {row["candid"]: row for row in alerts.to_pylist() if row["candid"] in final}
    for number, row in rows.items():
        assert repr(last[number]) == repr({**row, "tracklet": final[number]})  # NaN is NaN
    with pytest.raises(UserError, match="was begun with --out-topic"):
        run_stream(replace(job, out_topic=None, store=str(tmp_path / "store")), SETTINGS)


def test_the_run_needs_a_state_with_packets(kafka, simulated_store, ztf, tmp_path):
    from fink_tracklets.store.night import open_night

    open_state(tmp_path / "state", NIGHT, ztf, "lake", packets=False)
    stored = open_night(simulated_store, NIGHT)
    with pytest.raises(UserError, match="has no packets that could be sent"):
        publish_final(stored, kafka.kafka, "out", str(tmp_path / "state"), SETTINGS)


def test_the_newer_of_two_writers_of_a_night_fences_the_older(kafka, ztf, tmp_path):
    """Other nights are not touched."""
    make_topics(kafka.kafka, "shared")
    state = open_state(tmp_path / "state", NIGHT, ztf, "topic t")
    avro = '{"type": "record", "name": "alert", "fields": [{"name": "candid", "type": "long"}]}'
    rows = {name: [None] * 2 for name in CANDIDATES.names} | {
        "alert_id": [1, 2],
        "exposure": ["e", "e"],
        "jd": [2459509.7, 2459509.7],
        "body": [b"\x02", b"\x04"],
        "avro": [avro, avro],
    }
    state.write_candidates(0, pa.table(rows, CANDIDATES))
    held = Held(state, 100)
    older, other = (
        OutTopic(kafka.kafka, "shared", night, {}, 30.0) for night in (NIGHT, "20211023")
    )
    older.tell([Change(1, "A", None)], ["e"], held)
    newer = OutTopic(kafka.kafka, "shared", NIGHT, {}, 30.0)
    assert newer.told == {1: "A"}
    with pytest.raises(UserError, match=f"of the night {NIGHT} has begun to write the topic"):
        older.tell([Change(2, "A", None)], ["e"], held)
    newer.tell([Change(2, "B", None)], ["e"], held)
    other.tell([Change(1, "C", None)], ["e"], held)
    assert OutTopic(kafka.kafka, "shared", NIGHT, {}, 30.0).told == {1: "A", 2: "B"}


@pytest.mark.campaign
def test_two_streams_on_one_topic(kafka, messages, simulated_store, tmp_path):
    """The second takes over, the first ends with a sentence, and nothing is told twice."""
    make_topics(kafka.kafka, "both", "both_out")
    third = len(messages) // 3
    send(kafka.kafka, "both", messages[:third])
    first = driver("nowhere", kafka.kafka, "both", tmp_path / "first")
    assert first.stdout.readline()  # a tracklet
    second = driver("nowhere", kafka.kafka, "both", tmp_path / "second")
    send(kafka.kafka, "both", messages[third : 2 * third])
    wait_for_a_batch(second, tmp_path / "second")
    send(kafka.kafka, "both", messages[2 * third :])
    _, said = first.communicate(timeout=120)
    assert first.returncode == 2
    assert f"Another stream or run of the night {NIGHT} has begun to write the topic" in said
    second.terminate()
    finished(second)
    run_to_the_end(kafka, "both", tmp_path / "second")
    assert_names_once(kafka, "both", final_names(simulated_store))
    assert last_names(as_a_client(kafka.kafka, "both_out"))
