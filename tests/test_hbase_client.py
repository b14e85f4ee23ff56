"""What happybase and Thrift do on a bad day, and that our client bears it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fink_tracklets.errors import ServiceError, UserError
from fink_tracklets.hbase.client import HBase, reason
from fink_tracklets.hbase.settings import HBaseFile, load_hbase
from fink_tracklets.survey.config import build
from tests.services import Proxy

TIME = 1_700_000_000_000


@pytest.fixture
def table(hbase):
    hbase.connection.create_table(hbase.tracklets, {"i": {}, "d": {}})
    return hbase.connection.table(hbase.tracklets)


@pytest.fixture
def proxy(hbase):
    found = Proxy(hbase.services.ports["thrift"])
    yield found
    found.close()


@pytest.fixture
def client(hbase, proxy):
    with HBase(load_hbase(f"127.0.0.1:{proxy.port}")) as found:
        yield found


def rows(n: int, value: bytes = b"1"):
    return [(b"row%05d" % k, {b"i:a": value, b"i:b": value, b"d:c": value}) for k in range(n)]


def test_a_batch_is_so_many_whole_rows(hbase, table, client):
    """happybase's batch_size counts cells: it would cut a row in two."""
    hbase.set(batch_rows=10)
    client.settings = load_hbase(client.settings.connection.address)
    assert list(client.put(hbase.tracklets, rows(25), TIME)) == [10, 10, 5]
    assert dict(table.scan()) == dict(rows(25))


def test_a_source_that_fails_leaves_no_part_of_a_batch(hbase, table, client):
    """happybase sends what it has when a with-block ends in an exception."""

    def source():
        yield from rows(3)
        raise KeyError

    with pytest.raises(KeyError):
        client.put_all(hbase.tracklets, source(), TIME)
    assert dict(table.scan()) == {}


def test_an_idle_connection_that_the_server_dropped_is_renewed(hbase, table, client, proxy):
    client.put_all(hbase.tracklets, rows(2), TIME)
    proxy.cut()
    assert len(list(client.rows(hbase.tracklets, ["row00000"], ["i"]))) == 1
    assert proxy.accepted == 2


def test_a_batch_whose_answer_is_lost_is_sent_again_and_is_there_once(hbase, table, client, proxy):
    """happybase does not try again, and keeps what it could not send."""
    client.tables()
    proxy.lose_answers = 2
    assert client.put_all(hbase.tracklets, rows(50), TIME) == 50
    assert proxy.accepted == 3
    assert dict(table.scan()) == dict(rows(50))
    assert table.cells(b"row00000", b"i:a", versions=5) == [b"1"]


def test_attempts_end_and_say_why(hbase, table, client, proxy):
    client.tables()
    proxy.close()
    said = []
    client.say = said.append
    with pytest.raises(ServiceError, match=r"HBase at 127.0.0.1:\d+ failed: .+\.") as error:
        client.put_all(hbase.tracklets, rows(1), TIME)
    assert error.value.exit_code == 3
    assert len(said) == 2
    assert "again in 0 s" in said[0]


def test_a_fault_that_stays_is_not_tried_again(hbase, table, client, proxy):
    with pytest.raises(ServiceError, match="no-such-table"):
        list(client.rows("no-such-table", ["a"], ["i"]))
    with pytest.raises(ServiceError, match=r"[Cc]olumn ?[Ff]amily"):
        client.put_all(hbase.tracklets, [(b"a", {b"x:y": b""})], TIME)
    assert proxy.accepted == 2


def test_thrift_exceptions_that_cannot_be_printed_have_a_reason(hbase, table):
    with pytest.raises(Exception) as error:  # noqa: PT011
        table.put(b"a", {b"nofamily": b""})
    with pytest.raises(TypeError):
        str(error.value)
    assert reason(error.value)


def test_late_and_repeated_writes_change_nothing(hbase, table, client):
    """A put and a delete of one row in one batch hide each other: timestamps order ours."""
    client.put_all(hbase.tracklets, rows(1, b"old"), TIME)
    client.put_all(hbase.tracklets, rows(1, b"new"), TIME + 1)
    client.put_all(hbase.tracklets, rows(1, b"old"), TIME)  # of a server that was stalled
    client.delete(hbase.tracklets, [("row00000", ["i:b"])], TIME)
    assert table.row(b"row00000") == rows(1, b"new")[0][1]
    client.delete(hbase.tracklets, [("row00000", ["i:a", "i:b", "d:c"])], TIME + 2)
    client.put_all(hbase.tracklets, rows(1, b"new"), TIME + 1)
    assert table.row(b"row00000") == {}
    client.put_all(hbase.tracklets, rows(1, b"again"), TIME + 3)
    assert table.row(b"row00000") == rows(1, b"again")[0][1]


def test_a_scan_goes_on_where_it_was_cut(hbase, table, client, proxy):
    hbase.set(batch_rows=7)
    client.settings = load_hbase(client.settings.connection.address)
    client.put_all(hbase.tracklets, rows(30), TIME)
    found = []
    for key, _ in client.scan(hbase.tracklets, "row00003", "row00028", ["i"]):
        found.append(key)
        if len(found) == 10:
            proxy.cut()
    assert found == [f"row{k:05d}" for k in range(3, 28)]


def test_rows_asked_twice_come_once_and_missing_ones_not(hbase, table, client):
    client.put_all(hbase.tracklets, rows(2), TIME)
    asked = ["row00001", "row00001", "absent", "row00000"]
    assert [key for key, _ in client.rows(hbase.tracklets, asked, ["i"])] == [
        "row00001",
        "row00000",
    ]


def test_the_cluster_has_an_id_whatever_the_address(hbase, client):
    with HBase(load_hbase(f"localhost:{hbase.services.ports['thrift']}")) as other:
        assert client.cluster() == other.cluster()
    assert len(client.cluster()) == 36


def test_a_table_that_another_makes_at_the_same_time_is_no_fault(hbase, client):
    from fink_tracklets.hbase.client import _create

    client.need_table(hbase.tracklets, ("i", "d", "a"))
    _create(hbase.connection, hbase.tracklets, ("i", "d", "a"))
    assert set(hbase.connection.table(hbase.tracklets).families()) == {b"i", b"d", b"a"}


def test_framed_and_compact_reach_the_client(hbase):
    """The server speaks the plain transport: the other one is understood as a fault."""
    hbase.set(transport="framed", protocol="compact", timeout_s=0.5, attempts=1)
    with HBase(load_hbase(hbase.address)) as client, pytest.raises(ServiceError):
        client.tables()


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("writers", 0, "writers and batch_rows must be at least 1"),
        ("port", 70000, "port must be a port, not 70000"),
        ("protocol", "json", "protocol must be binary or compact"),
        ("timeout_s", 0, "timeout_s must be a positive number"),
        ("attempts", 0, "attempts must be at least 1"),
        ("column", "tracklet", "'tracklet' is not a column"),
        ("key", "objects", "key 'objects' must hold columns like {object_id}"),
    ],
)
def test_wrong_settings_are_named(key, value, sentence):
    from fink_tracklets.survey.config import conf_folder, read_toml

    given = read_toml(conf_folder() / "hbase.toml")
    ztf = given["surveys"]["ztf"]
    for table in (given, given["connection"], given["retries"], ztf["alerts"]):
        if key in table:
            table[key] = value
    with pytest.raises(UserError, match=sentence):
        build(HBaseFile, given, "conf/hbase.toml")


def test_settings_of_the_project_are_read():
    settings = load_hbase("somewhere:1234")
    assert settings.connection.address == "somewhere:1234"
    assert replace(settings, connection=load_hbase().connection) == load_hbase()
    assert settings.tracklets.families == ("i", "d", "a")
