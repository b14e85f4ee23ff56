"""Kill -9 of the driver, the broker and Python workers: nothing is lost, doubled or wrong."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.streaming import (
    as_a_client,
    assert_names_once,
    driver,
    final_names,
    finished,
    last_names,
    make_topics,
    run_to_the_end,
    send,
    wait_for_a_batch,
)


@pytest.mark.campaign
@pytest.mark.parametrize("place", ["state", "open", "committed"])
def test_killed_at_three_places_in_turn(kafka, messages, simulated_store, tmp_path, place):
    topic = f"place_{place}"
    make_topics(kafka.kafka, topic, f"{topic}_out")
    for part in range(3):
        send(kafka.kafka, topic, messages[part::3])
        killed = driver(place, kafka.kafka, topic, tmp_path / "state", "--once")
        assert killed.wait(300) == -signal.SIGKILL
    run_to_the_end(kafka, topic, tmp_path / "state")
    assert_names_once(kafka, topic, final_names(simulated_store))


class Feeding(threading.Thread):
    """Sends messages slowly, so that there is a stream to be killed in."""

    def __init__(self, kafka: str, topic: str, messages: list[bytes], seconds: float) -> None:
        super().__init__(daemon=True)
        self.kafka, self.topic, self.messages, self.seconds = kafka, topic, messages, seconds

    def run(self) -> None:
        parts = 100
        for part in range(parts):
            begin, end = (k * len(self.messages) // parts for k in (part, part + 1))
            send(self.kafka, self.topic, self.messages[begin:end])
            time.sleep(self.seconds / parts)


@pytest.mark.campaign
def test_the_driver_killed_at_ten_random_moments(kafka, messages, simulated_store, tmp_path):
    """Some fall into the start, most into batches."""
    make_topics(kafka.kafka, "driver", "driver_out")
    feeding = Feeding(kafka.kafka, "driver", messages, 300)
    feeding.start()
    rng, committed = random.Random(1), []
    for _ in range(10):
        running = driver("nowhere", kafka.kafka, "driver", tmp_path / "state", "--trigger", "0")
        time.sleep(rng.uniform(10, 50))
        assert running.poll() is None, running.stderr.read()
        running.kill()
        running.wait()
        committed.append(len(list((tmp_path / "state").glob("checkpoint/commits/[0-9]*"))))
    print("batches that were committed at each death:", committed)
    feeding.join()
    run_to_the_end(kafka, "driver", tmp_path / "state")
    assert_names_once(kafka, "driver", final_names(simulated_store))


@pytest.mark.campaign
@pytest.mark.parametrize("victim", ["worker", "broker"])
def test_a_python_worker_or_the_broker_killed_ten_times(
    kafka, messages, simulated_store, tmp_path, victim
):
    """The driver lives through it."""
    make_topics(kafka.kafka, victim, f"{victim}_out")
    running = driver("nowhere", kafka.kafka, victim, tmp_path / "state", "--trigger", "0")
    rng, killed = random.Random(2), 0
    for part in range(10):
        send(kafka.kafka, victim, messages[part::10])
        if part == 0:
            wait_for_a_batch(running, tmp_path / "state")
        time.sleep(rng.uniform(0, 2))
        if victim == "broker":
            kafka.kill("kafka")
            kafka.up()
            killed += 1
        else:
            killed += wait_and_kill_a_worker(running)
    assert killed == 10
    await_names(kafka, victim, final_names(simulated_store), running)
    running.terminate()
    finished(running)
    assert_names_once(kafka, victim, final_names(simulated_store))


@pytest.mark.campaign
def test_the_broker_is_away_for_two_minutes(kafka, messages, simulated_store, tmp_path):
    make_topics(kafka.kafka, "away", "away_out")
    running = driver("nowhere", kafka.kafka, "away", tmp_path / "state")
    send(kafka.kafka, "away", messages[: len(messages) // 2])
    wait_for_a_batch(running, tmp_path / "state")
    kafka.kill("kafka")
    time.sleep(120)
    kafka.up()
    send(kafka.kafka, "away", messages[len(messages) // 2 :])
    await_names(kafka, "away", final_names(simulated_store), running)
    running.terminate()
    finished(running)
    assert_names_once(kafka, "away", final_names(simulated_store))


@contextlib.contextmanager
def small_disk(where: Path, size: int) -> Iterator[Path]:
    """A file system of a few bytes; skips where none may be mounted."""
    where.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(where)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no file system may be mounted here")
    try:
        yield where
    finally:
        subprocess.run(["umount", str(where)], check=True)


@pytest.mark.campaign
def test_a_full_disk_under_the_state(kafka, messages, simulated_store, tmp_path):
    """A little more room each time: each start ends at another write, in one sentence."""
    rooms = [0, 4, 8, 12, 20, 32, 48, 80, 120, 200]
    make_topics(kafka.kafka, "full", "full_out")
    said = []
    with small_disk(tmp_path / "disk", 4 << 20) as disk:
        for part, room in enumerate(rooms):
            send(kafka.kafka, "full", messages[part :: len(rooms)])
            filler = disk / "filler"
            filler.unlink(missing_ok=True)
            used = shutil.disk_usage(disk)
            filler.write_bytes(bytes(max(0, used.free - (room << 10))))
            running = driver("nowhere", kafka.kafka, "full", disk / "state", "--once")
            _, err = running.communicate(timeout=300)
            assert running.returncode in (0, 3), err
            assert "Traceback" not in err
            if running.returncode:
                assert "cannot be written: No space left" in err
            said.append(running.returncode)
        filler.unlink()
        print("exit codes:", said)
        assert 3 in said
        run_to_the_end(kafka, "full", disk / "state")
    assert_names_once(kafka, "full", final_names(simulated_store))


def await_names(kafka, topic: str, final: dict[int, str], running: subprocess.Popen) -> None:
    """Until a client has all names, for at most four minutes."""
    end = time.monotonic() + 240
    while last_names(as_a_client(kafka.kafka, f"{topic}_out")) != final:
        assert time.monotonic() < end, "the names do not come"
        assert running.poll() is None, running.stderr.read()
        time.sleep(1)


def wait_and_kill_a_worker(running: subprocess.Popen) -> int:
    """As soon as there is one."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if kill_a_worker(running.pid):
            return 1
        time.sleep(0.05)
    return 0


def kill_a_worker(driver_id: int) -> int:
    """SIGKILL a Python worker of a driver's Spark; how many there were to kill (0 or 1)."""
    parent_of, is_daemon = {}, set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                parent_of[int(entry.name)] = int(fields[1])
                if b"pyspark.daemon" in (entry / "cmdline").read_bytes():
                    is_daemon.add(int(entry.name))

    def is_below(number: int) -> bool:
        parent = parent_of.get(number, 0)
        return parent == driver_id or (parent > 1 and is_below(parent))

    workers = [n for n in is_daemon if parent_of[n] in is_daemon and is_below(n)]
    for worker in workers[:1]:
        os.kill(worker, signal.SIGKILL)
    return len(workers[:1])
