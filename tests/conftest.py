"""What the tests share: real data where it is there, one Spark, one simulated night."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from fink_tracklets import load_survey
from fink_tracklets.survey import Survey

# Java is started often and runs for seconds: its optimizing compiler would take half of the time.
# A session of all tests fills that compiler's 48 MB.
os.environ.setdefault(
    "SPARK_SUBMIT_OPTS",
    "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:ReservedCodeCacheSize=160m",
)
# A busy machine is no failure.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("FINK_TRACKLETS_DATA", ROOT.parent / "shared" / "data"))
SAMPLE = DATA / "ztf_alerts_20210604.parquet"


SERVED = {
    *("test_broker_reads_us", "test_doctor", "test_hbase", "test_hbase_client"),
    *("test_hbase_kills", "test_hbase_rubin", "test_hdfs", "test_night_kills", "test_rubin_night"),
    *("test_service_hbase", "test_service_hdfs"),
}
"""Files that need HDFS or HBase, and what shares Rubin's simulated night with them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that need services come first: they take the longest."""
    for item in items:
        if {"services", "rubin_store"} & set(item.fixturenames) and item.path.stem not in SERVED:
            raise pytest.UsageError(f"{item.path.name} needs services: name it in SERVED.")
    items.sort(key=lambda item: item.path.stem not in SERVED)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Where two processes test, one has all that needs services, and each a file at a time."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = Path(nodeid.partition("::")[0])
            return "services" if file.stem in SERVED else file.name

    return ByFile(config, log)


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real alerts."""
    if not DATA.is_dir():
        pytest.skip(f"the real data are not at {DATA} (set FINK_TRACKLETS_DATA)")
    return DATA


@pytest.fixture(scope="session")
def ztf() -> Survey:
    return load_survey("ztf")


@pytest.fixture(scope="session")
def spark():
    from fink_tracklets.spark.session import spark_session

    return spark_session()


@pytest.fixture(scope="session")
def stored(data, spark, tmp_path_factory):
    """A store with the night 20210604: the real sample, one tracklet of 15 alerts."""
    from fink_tracklets.pipeline.run import run_night

    store = tmp_path_factory.mktemp("sample") / "store"
    run_night("20210604", str(SAMPLE), str(store))
    return store


@pytest.fixture(scope="session")
def simulated(tmp_path_factory):
    """A simulated night of ZTF, and where it lies."""
    from fink_tracklets.simulate import simulate_night

    return simulate_night("20211022", tmp_path_factory.mktemp("sky"), seed=1)


@pytest.fixture(scope="session")
def simulated_store(simulated, spark, tmp_path_factory):
    """A store with that night, 20211022."""
    from fink_tracklets.pipeline.run import run_night

    store = str(tmp_path_factory.mktemp("simulated") / "store")
    run_night("20211022", str(simulated.alerts), store)
    return store


@pytest.fixture(scope="session")
def rubin_sky(tmp_path_factory):
    """A simulated night of Rubin's, 20261022, as the broker's lake has it."""
    from fink_tracklets.simulate import simulate_night

    folder = tmp_path_factory.mktemp("rubin")
    return simulate_night("20261022", folder, seed=2, survey="rubin", cutouts="candidates")


@pytest.fixture(scope="session")
def rubin_store(rubin_sky, spark, tmp_path_factory) -> str:
    """A store with that night."""
    from fink_tracklets.pipeline.run import run_night

    store = str(tmp_path_factory.mktemp("store"))
    run_night("20261022", str(rubin_sky.alerts), store, "rubin")
    return store


@pytest.fixture(scope="session")
def services(tmp_path_factory):
    """A real HDFS and HBase on loopback, for all tests."""
    from tests.services import Services

    found = Services(tmp_path_factory.mktemp("services"))
    found.resolve()
    found.up()
    yield found
    found.down()


@pytest.fixture(scope="session")
def kafka(tmp_path_factory):
    """A real Kafka on loopback."""
    from tests.services import Services

    found = Services(tmp_path_factory.mktemp("kafka"), "kafka")
    found.resolve()
    found.up()
    yield found
    found.down()


@pytest.fixture(scope="session")
def messages(simulated, simulated_store, tmp_path_factory) -> list[bytes]:
    """Packets of the simulated night's exposures with tracklets and a few others, by time."""
    import pyarrow.parquet as pq

    from fink_tracklets.simulate.messages import packets
    from tests.streaming import by_time, some_exposures

    file = tmp_path_factory.mktemp("messages") / "alerts.parquet"
    pq.write_table(by_time(some_exposures(simulated.alerts, simulated_store)), file)
    return [packet for _, packet in packets(file)]


@pytest.fixture
def hbase(services, tmp_path, monkeypatch):
    """Tables of the test's own in the running HBase, and a conf/ that names them."""
    from tests.services import Tables

    monkeypatch.setenv("FINK_TRACKLETS_CONF", str(tmp_path / "conf"))
    return Tables(services, tmp_path / "conf")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Three nights from noon to noon UTC, four tracklets of three alerts each."""
    from tests.serving import serving
    from tests.stores import write_store

    store = tmp_path_factory.mktemp("made")
    write_store(store, "20211021", nights=3, tracklets=4, alerts=3)
    with serving(store) as address:
        yield address
