"""A night's names over a real Kafka, read as its clients read."""

from __future__ import annotations

import re
import signal
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from fink_tracklets.cli.main import main
from fink_tracklets.store.night import open_night
from fink_tracklets.stream.failures import Away
from fink_tracklets.stream.final import publish_final
from fink_tracklets.stream.settings import load_stream
from fink_tracklets.stream.topic import topic_partitions
from tests.conftest import ROOT
from tests.streaming import (
    NIGHT,
    as_a_client,
    assert_names_once,
    driver,
    final_names,
    finished,
    last_names,
    make_topics,
    run_to_the_end,
    send,
)


def test_killed_before_spark_knows_the_batch(kafka, messages, simulated_store, tmp_path):
    """The names are out once, and they are the night's; what is no packet is put aside."""
    make_topics(kafka.kafka, "ztf", "ztf_out")
    junk = [b"", b"no Avro", messages[0][:300], b"Obj\x01" + bytes(40)]
    half = len(messages) // 2
    send(kafka.kafka, "ztf", [*junk, *messages[:half]])
    killed = driver("committed", kafka.kafka, "ztf", tmp_path / "state", "--once")
    assert killed.wait(300) == -signal.SIGKILL
    before = as_a_client(kafka.kafka, "ztf_out")
    assert before
    send(kafka.kafka, "ztf", messages[half:])
    told = finished(driver("nowhere", kafka.kafka, "ztf", tmp_path / "state", "--once"))
    assert_names_once(kafka, "ztf", final_names(simulated_store))
    assert "could not be read: 4" in told
    final = final_names(simulated_store)
    some = [{"candid": number} for number in (1, *list(final)[:5], 2)]
    names = the_page_s_recipe(kafka.kafka, "ztf_out", some)
    assert names["clean"] == [{"candid": 1}, {"candid": 2}]
    assert names["tracklet"].items() >= final.items()
    dead = pq.read_table(tmp_path / "state" / "dead").to_pylist()
    assert sorted(row["value"] for row in dead) == sorted(junk)
    assert {"empty", "not an Avro file"} <= {row["reason"] for row in dead}


def the_page_s_recipe(bootstrap: str, topic: str, transients: list[dict]) -> dict:
    """What the consumer of docs/streaming.md makes of transients, after six seconds."""
    page = (ROOT / "docs" / "streaming.md").read_text()
    recipe = re.search(r"```python\n(.*?)```", page, re.DOTALL)[1]
    for said, here in (("kafka:9092", bootstrap), ("fink_tracklet_ztf", topic), ("60 * 15", "6")):
        assert said in recipe
        recipe = recipe.replace(said, here)
    names = {"transients": transients}
    exec(recipe, names)
    names["consumer"].close()
    return names


def test_what_is_not_there_is_one_sentence(kafka, tmp_path, capsys):
    """Of Kafka and of topics, before Spark is started."""
    line = ["stream", "--night", NIGHT, "--state", str(tmp_path / "state"), "--out-topic", "no_out"]
    assert main([*line, "--topic", "nothing", "--bootstrap", kafka.kafka]) == 2
    assert f"Kafka at {kafka.kafka} has no topic nothing; it has " in capsys.readouterr().err
    settings = replace(load_stream(), answer_s=1.0)
    with pytest.raises(Away, match=r"Kafka at 127\.0\.0\.1:9 does not answer"):
        topic_partitions("127.0.0.1:9", "t", settings.writer, settings.answer_s)


@pytest.mark.campaign
def test_the_run_corrects_the_topic(kafka, messages, simulated, simulated_store, tmp_path, capsys):
    """The stream saw but a half: what the run knows besides is sent where packets are there."""
    make_topics(kafka.kafka, "final", "final_out")
    send(kafka.kafka, "final", messages[::2])
    run_to_the_end(kafka, "final", tmp_path / "state")
    before = last_names(as_a_client(kafka.kafka, "final_out"))
    settings = load_stream()
    stored = open_night(simulated_store, NIGHT)
    final = final_names(simulated_store)
    kinds = publish_final(stored, kafka.kafka, "final_out", str(tmp_path / "state"), settings)
    after = last_names(as_a_client(kafka.kafka, "final_out"))
    assert before != after
    assert after.items() <= final.items()
    assert kinds["unseen"] == len(final) - len(after)
    again = publish_final(stored, kafka.kafka, "final_out", str(tmp_path / "state"), settings)
    assert (again["new"], again["renamed"], again["withdrawn"]) == (0, 0, 0)


@pytest.mark.campaign
def test_fink_client_reads_the_names(kafka, messages, simulated_store, tmp_path):
    """The broker's own consumer (pip install --no-deps fink-client is enough for it)."""
    consumer = pytest.importorskip("fink_client.consumer")
    make_topics(kafka.kafka, "client", "client_out")
    send(kafka.kafka, "client", messages)
    run_to_the_end(kafka, "client", tmp_path / "state")
    n = len(as_a_client(kafka.kafka, "client_out"))
    settings = {"group.id": "me", "bootstrap.servers": kafka.kafka}
    with consumer.AlertConsumer(["client_out"], settings, survey="ztf") as client:
        alerts = [client.poll(60)[1] for _ in range(n)]
    assert last_names(alerts) == final_names(simulated_store)
