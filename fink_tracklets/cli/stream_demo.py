"""`stream --demo`: a simulated night, replayed into a Kafka of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fink_tracklets.errors import ServiceError, UserError

if TYPE_CHECKING:
    from fink_tracklets.progress import Progress
    from fink_tracklets.stream.changes import Change

NIGHT, SEED, EXPOSURES = "20211022", 2, 120
IN, OUT = "ztf_demo", "fink_tracklet_ztf"
OFFSET = 11_000
"""Added to Kafka's ports, so that the demo disturbs no other."""
READOUT_S = 12.0
"""An exposure's alerts come so long one after the other, by the night's clock [s]."""
SERVICES = Path(__file__).resolve().parents[2] / "services" / "services.py"


def demo(folder: Path, speed: float, quiet: bool, watch: Callable[[list[Change]], None]) -> None:
    """Replay a night of ZTF, and name its tracklets meanwhile.

    Parameters
    ----------
    folder : for all it makes, in place of a former demo
    speed : times the night's own
    watch : is called with what changes
    """
    import pandas as pd

    from fink_tracklets.progress import Progress
    from fink_tracklets.simulate import simulate_night
    from fink_tracklets.store.folder import LocalFolder
    from fink_tracklets.store.online import read_online
    from fink_tracklets.stream.run import Job, run_stream
    from fink_tracklets.stream.settings import load_stream
    from fink_tracklets.stream.source import Topic
    from fink_tracklets.survey import load_survey

    need_free(folder)
    progress = Progress(quiet)
    with progress.step("simulating a night"):
        night = simulate_night(NIGHT, folder / "simulation", SEED, exposures=EXPOSURES)
    with kafka(folder / "kafka", progress) as bootstrap:
        progress.say(
            f"{night.n_rows:,} alerts of {EXPOSURES} exposures at {speed:g} times the night's "
            f"speed into {IN}; names go to the topic {OUT} at {bootstrap} and to {folder}/store."
        )
        replay = threading.Thread(target=send, args=(bootstrap, night.alerts, speed), daemon=True)
        replay.start()
        job = Job(
            night=NIGHT,
            survey=load_survey("ztf"),
            source=Topic(IN, bootstrap),
            state=str(folder / "state"),
            store=str(folder / "store"),
            out_topic=OUT,
            bootstrap=bootstrap,
        )
        done = run_stream(
            job,
            load_stream(),
            progress,
            watch,
            lambda counts: not replay.is_alive() and counts["messages"] >= night.n_rows,
        )
    truth = pd.read_parquet(night.truth, columns=["alert_id", "tracklet_id"])
    names = read_online(LocalFolder(folder / "store"), NIGHT).to_pandas()
    both = truth[truth["tracklet_id"].notna()].merge(names, on="alert_id")
    print(
        f"{done.messages:,} alerts read; of {night.n_tracklets} simulated tracklets "
        f"{both['tracklet_id'].nunique()} have names, of {night.n_tracklet_alerts} alerts "
        f"{len(both)}. The night's end: fink-tracklets run --night {NIGHT} "
        f"--alerts {night.alerts} --store {folder}/store"
    )


def need_free(folder: Path) -> None:
    """A former demo goes; anything else stays, and is an error."""
    ours = {"simulation", "kafka", "state", "store", "demo"}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = {entry.name for entry in folder.iterdir()}
        if there and ("demo" not in there or there - ours):
            raise UserError(f"{folder} holds other things than a demo: give another as --state.")
        for name in there - {"demo"}:
            shutil.rmtree(folder / name)
        (folder / "demo").touch()
    except OSError as error:
        raise UserError(f"The demo cannot be written to {folder}: {error.strerror}.") from error


@contextmanager
def kafka(home: Path, progress: Progress) -> Iterator[str]:
    """The address of a Kafka that runs meanwhile."""
    if not SERVICES.is_file():
        raise UserError(
            f"--demo starts Kafka by services/services.py of a checkout, and {SERVICES} is not "
            "there: clone the project, or give --topic and --bootstrap of a Kafka that runs."
        )

    def services(*arguments: str) -> None:
        line = [sys.executable, str(SERVICES), *arguments, "--home", str(home)]
        done = subprocess.run(line, capture_output=True, text=True)
        if done.returncode:
            raise ServiceError(f"Kafka did not start: {(done.stderr or done.stdout).strip()}")

    with progress.step("starting Kafka"):
        services("up", "kafka", "--offset", str(OFFSET))
    try:
        services("topic", IN, OUT)
        yield f"127.0.0.1:{9092 + OFFSET}"
    finally:
        services("down")


def send(bootstrap: str, alerts: Path, speed: float) -> None:
    """Send a night's packets, each exposure's at its time and over a readout."""
    from confluent_kafka import Producer

    from fink_tracklets.simulate.messages import packets

    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 5})
    begun, first, last, since = time.monotonic(), None, 0.0, 0
    for time_jd, packet in packets(alerts):
        jd = time_jd if time_jd == time_jd else last
        first, since = (jd if first is None else first), (since + 1 if jd == last else 0)
        last = jd
        seconds = (jd - first) * 86400 + READOUT_S * min(since / 500, 1.0)
        wait = begun + seconds / speed - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        producer.produce(IN, packet)
        producer.poll(0)
    producer.flush()
