"""The public archive's packets in Parquet, against plain fastavro."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import fastavro
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fink_tracklets.cli.main import main
from fink_tracklets.errors import UserError
from fink_tracklets.ingest import ingest
from fink_tracklets.ingest.columns import Wanted, table_schema
from fink_tracklets.ingest.containers import (
    DamagedPacket,
    Packet,
    decompressed,
    raw_blocks,
    read_header,
)
from fink_tracklets.ingest.decode import decode, packet_schema
from fink_tracklets.ingest.source import Source


@pytest.fixture(scope="module")
def archive(data) -> Path:
    file = data / "ztf_public_sample.tar.gz"
    if not file.is_file():
        pytest.skip(f"{file} is not there")
    return file


@pytest.fixture(scope="module")
def packets(archive) -> dict[str, bytes]:
    """Content by name, in the archive's order."""
    with tarfile.open(archive) as tar:
        return {
            member.name.removeprefix("./"): tar.extractfile(member).read()
            for member in tar
            if member.isfile()
        }


def plainly(data: bytes) -> dict:
    (record,) = fastavro.reader(io.BytesIO(data))
    return record


def rows(out: Path) -> list[dict]:
    return pq.read_table(out).to_pylist()


def write_tar(file: Path, packets: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(file, mode) as tar:
        for name, data in packets.items():
            header = tarfile.TarInfo(name)
            header.size = len(data)
            tar.addfile(header, io.BytesIO(data))
    return file


def first(packets: dict[str, bytes], count: int) -> dict[str, bytes]:
    return dict(list(packets.items())[:count])


def assert_same(row: dict, record: dict) -> None:
    """Each column is what plain fastavro reads; null where the packet's schema lacks it."""
    for name, value in row.items():
        if isinstance(value, dict):
            assert_same(value, record[name])
        else:
            assert value == record.get(name)


def test_every_packet_has_the_values_that_fastavro_reads(archive, packets, ztf, tmp_path):
    done = ingest(archive, tmp_path / "out", part_packets=15)
    assert (done.packets, done.alerts, done.damaged, done.broken) == (38, 38, 0, "")
    table = rows(tmp_path / "out")
    records = [plainly(data) for data in packets.values()]
    assert {record["schemavsn"] for record in records} == {"3.2", "3.3", "4.01"}
    for row, record in zip(table, records, strict=True):
        assert_same(row, record)
        assert (row["candidate"]["drb"] is None) == (record["schemavsn"] == "3.2")
    of_the_broker = {name for name in ztf.added if "." not in name}
    assert set(table[0]) == {"publisher", "objectId", "candid", "candidate"} | of_the_broker
    carried = {path.rpartition(".")[2] for path in ztf.carry.columns if "." in path}
    assert carried | {"nbad"} == set(table[0]["candidate"])


def test_cutouts_are_the_packets_own(archive, packets, tmp_path):
    ingest(archive, tmp_path / "out", cutouts=True)
    for row, data in zip(rows(tmp_path / "out"), packets.values(), strict=True):
        record = plainly(data)
        for name in ("cutoutScience", "cutoutTemplate", "cutoutDifference"):
            assert row[name] == record[name]
            assert gzip.decompress(row[name]["stampData"]).startswith(b"SIMPLE")


def test_tar_folder_and_one_file_give_the_same_rows(packets, tmp_path):
    some = first(packets, 5)
    folder = tmp_path / "avro"
    folder.mkdir()
    for name, data in some.items():
        (folder / name).write_bytes(data)
    write_tar(tmp_path / "plain.tar", some)
    ingest(tmp_path / "plain.tar", tmp_path / "a")
    ingest(folder, tmp_path / "b")
    by_id = {row["candid"]: row for row in rows(tmp_path / "b")}
    assert [by_id[row["candid"]] for row in rows(tmp_path / "a")] == rows(tmp_path / "a")
    name = next(iter(some))
    ingest(folder / name, tmp_path / "c")
    assert rows(tmp_path / "c") == rows(tmp_path / "a")[:1]


def test_damaged_packets_are_named_and_the_others_kept(packets, tmp_path, capsys):
    some = first(packets, 6)
    names = list(some)
    some[names[0]] = b""
    some[names[2]] = some[names[2]][:40_000]
    some[names[4]] = b"<html>not found</html>"
    write_tar(tmp_path / "night.tar", some)
    assert main(["ingest", str(tmp_path / "night.tar"), "--out", str(tmp_path / "out")]) == 0
    text = capsys.readouterr().out
    assert "3 alerts of 6 packets" in text
    assert "left out: 3" in text
    assert all(names[k] in text for k in (0, 2, 4))
    kept = [plainly(some[names[k]])["candid"] for k in (1, 3, 5)]
    assert [row["candid"] for row in rows(tmp_path / "out")] == kept


@settings(max_examples=150, deadline=None)
@given(cut=st.floats(0, 1), position=st.floats(0, 1), byte=st.integers(0, 255), draw=st.data())
def test_no_damage_breaks_a_batch(packets, ztf, cut, position, byte, draw):
    """Any cut or changed byte: the packet is read or counted, its neighbours are untouched."""
    good = next(iter(packets.values()))
    wanted = Wanted.of(ztf, cutouts=draw.draw(st.booleans()))
    schema = table_schema(packet_schema(Packet("", good), wanted), wanted)
    bad = bytearray(good)
    bad[int(position * (len(bad) - 1))] = byte
    bad = bytes(bad[: 1 + int(cut * len(bad))])
    (clean,), none = decode([Packet("a", good), Packet("c", good)], wanted, schema)
    assert not none
    try:
        (table,), damaged = decode(
            [Packet("a", good), Packet("b", bad), Packet("c", good)], wanted, schema
        )
    except UserError:  # a schema that has become another one, with other columns
        return
    assert len(table) == 3 - len(damaged)
    assert [name for name, _ in damaged] in ([], ["b"])
    last = len(table) - 1
    assert table.slice(0, 1).equals(clean.slice(0, 1))
    assert table.slice(last).equals(clean.slice(1))


@pytest.mark.parametrize("codec", ["null", "deflate", "snappy", "zstandard", "bzip2", "xz"])
def test_several_records_in_a_file_and_compression(packets, ztf, codec):
    data = next(iter(packets.values()))
    reader = fastavro.reader(io.BytesIO(data))
    record, file = next(reader), io.BytesIO()
    records = [record | {"candid": candid} for candid in (1, 2, 3)]
    fastavro.writer(file, reader.writer_schema, records, codec=codec)
    wanted = Wanted.of(ztf, cutouts=False)
    schema = table_schema(packet_schema(Packet("", data), wanted), wanted)
    (table,), damaged = decode([Packet("many", file.getvalue())], wanted, schema)
    assert not damaged
    assert table["candid"].to_pylist() == [1, 2, 3]
    assert table["candidate"].to_pylist()[2]["jd"] == record["candidate"]["jd"]

    if codec == "snappy":  # Avro's checksum ends the block, before the 16 bytes that end all blocks
        wrong = file.getvalue()[:-17] + bytes([file.getvalue()[-17] ^ 1]) + file.getvalue()[-16:]
        _, damaged = decode([Packet("many", wrong)], wanted, schema)
        assert damaged == [("many", "damaged (ValueError)")]


def test_a_codec_that_is_not_read_is_named(packets, ztf):
    data = next(iter(packets.values()))
    reader, file = fastavro.reader(io.BytesIO(data)), io.BytesIO()
    fastavro.writer(file, reader.writer_schema, list(reader), codec="deflate")
    wanted = Wanted.of(ztf, cutouts=False)
    schema = table_schema(packet_schema(Packet("", data), wanted), wanted)
    other = file.getvalue().replace(b"\x0edeflate", b"\x0elz4fast")
    _, ((_, why),) = decode([Packet("other", other)], wanted, schema)
    known = "null, deflate, snappy, zstandard, bzip2, xz"
    assert why == f"compressed with 'lz4fast': write it with one of {known}"


@pytest.mark.parametrize("codec", ["deflate", "snappy", "zstandard", "bzip2", "xz"])
def test_a_block_that_would_be_huge_is_a_damaged_packet(codec):
    file = io.BytesIO()
    schema = {"type": "record", "name": "a", "fields": [{"name": "b", "type": "bytes"}]}
    fastavro.writer(file, schema, [{"b": bytes(65 << 20)}], codec=codec)
    file.seek(0)
    container = read_header(file)
    ((_, block),) = raw_blocks(file, container)
    assert len(block) < 8 << 20
    with pytest.raises(DamagedPacket, match="larger than 64 MB"):
        decompressed(block, container)


KILLED = """
import os, signal, sys
from fink_tracklets.ingest import ingest
left = [int(sys.argv[3])]
def kill(event, arguments):
    if event == "os.rename":
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(kill)
ingest(sys.argv[1], sys.argv[2], part_packets=15)
"""


@pytest.mark.parametrize("renames", [1, 2, 4, 5])
def test_killed_and_run_again_gives_the_same_bytes(archive, tmp_path, renames):
    """Renames: the manifest, three parts, the manifest, the folder."""
    out = tmp_path / "out"
    command = [sys.executable, "-c", KILLED, str(archive), str(out), str(renames)]
    killed = subprocess.run(command, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not out.exists()
    whole = sorted((tmp_path / "out.partial").glob("part-*.parquet"))
    assert len(whole) == min(renames - 1, 3)
    inodes = [part.stat().st_ino for part in whole]
    again = ingest(archive, out, part_packets=15)
    assert [part.stat().st_ino for part in sorted(out.glob("part-*"))][: len(inodes)] == inodes
    ingest(archive, tmp_path / "whole", part_packets=15)
    assert again.alerts == 38
    names = sorted(os.listdir(tmp_path / "whole"))
    assert sorted(os.listdir(out)) == names
    for name in names:
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert not (tmp_path / "out.partial").exists()


def test_another_archive_replaces_and_the_same_is_left_alone(packets, tmp_path):
    write_tar(tmp_path / "a.tar", first(packets, 3))
    write_tar(tmp_path / "b.tar", first(packets, 2))
    out = tmp_path / "out"
    ingest(tmp_path / "a.tar", out)
    inode = (out / "part-00000.parquet").stat().st_ino
    assert ingest(tmp_path / "a.tar", out).alerts == 3
    assert (out / "part-00000.parquet").stat().st_ino == inode
    assert ingest(tmp_path / "b.tar", out).alerts == 2
    assert len(rows(out)) == 2
    assert sorted(os.listdir(tmp_path)) == ["a.tar", "b.tar", "out"]


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("share", [0.35, 0.6, 0.999])
def test_truncated_archive_keeps_what_came_before(packets, tmp_path, compressed, share):
    whole = write_tar(tmp_path / "whole", packets, "w:gz" if compressed else "w")
    data = whole.read_bytes()
    if not compressed:
        data = data[: data.rstrip(b"\0").__len__() + 1]  # without the end mark
    (tmp_path / "cut").write_bytes(data[: int(share * len(data))])
    out = tmp_path / "out"
    with pytest.raises(UserError, match=r"truncated or damaged after [\d,]+ packets") as error:
        ingest(tmp_path / "cut", out)
    kept = rows(out)
    assert 0 < len(kept) <= 38
    assert f"{len(kept)} alerts before are in {out}" in str(error.value)
    expected = [plainly(data)["candid"] for data in first(packets, len(kept)).values()]
    assert [row["candid"] for row in kept] == expected
    with pytest.raises(UserError, match="truncated or damaged"):
        ingest(tmp_path / "cut", out)


def test_tar_cut_between_two_packets_is_seen(packets, tmp_path):
    """There tarfile itself sees nothing wrong."""
    whole = write_tar(tmp_path / "whole.tar", first(packets, 3))
    with tarfile.open(whole) as tar:
        cut = tar.getmembers()[2].offset
    (tmp_path / "cut.tar").write_bytes(whole.read_bytes()[:cut])
    source = Source(tmp_path / "cut.tar")
    assert len(list(source.packets())) == 2
    assert source.broken


def test_wrong_checksum_is_seen(archive, tmp_path):
    data = bytearray(archive.read_bytes())
    data[-6] ^= 255
    (tmp_path / "bad.tar.gz").write_bytes(data)
    source = Source(tmp_path / "bad.tar.gz")
    assert len(list(source.packets())) in (37, 38)
    assert "CRC" in source.broken


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"<!DOCTYPE html><html>404</html>", "a web page"),
        (b"candid,jd\n1,2\n", "neither a tar"),
        (gzip.compress(b"hello" * 200), "no packet can be read"),
        (gzip.compress(bytes(10_240)), "there are no .avro packets"),
        (bytes(10_240), "there are no .avro packets"),
        (b"Obj\x01" + b"rubbish" * 9, "none of its first 1 packets can be read"),
    ],
    ids=("empty", "page", "csv", "gzip", "empty tar.gz", "empty tar", "rubbish"),
)
def test_what_is_no_archive_is_one_sentence(tmp_path, capsys, content, said):
    file = tmp_path / "night.tar.gz"
    file.write_bytes(content)
    assert main(["ingest", str(file), "--out", str(tmp_path / "out"), "--quiet"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert str(file) in line
    assert not (tmp_path / "out").exists()


def test_foreign_folders_and_absent_files_are_refused(archive, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()
    with pytest.raises(UserError, match="other things"):
        ingest(archive, tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.tex").exists()
    with pytest.raises(UserError, match="no such file"):
        ingest(tmp_path / "absent.tar.gz", tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"no \.avro packets"):
        ingest(tmp_path / "empty", tmp_path / "out")


def test_column_that_only_later_packets_have_is_not_dropped(packets, ztf):
    """Without [added] a first packet of schema 3.2 would fix the columns without drb."""
    by_version = {plainly(data)["schemavsn"]: data for data in packets.values()}
    wanted = replace(Wanted.of(ztf, cutouts=False), added=())
    schema = table_schema(packet_schema(Packet("", by_version["3.2"]), wanted), wanted)
    with pytest.raises(UserError, match=r"candidate\.drb.*\[added\]"):
        decode([Packet("new", by_version["4.01"])], wanted, schema)


def test_manifest_and_parts_say_what_they_hold(packets, tmp_path):
    write_tar(tmp_path / "a.tar", first(packets, 7))
    ingest(tmp_path / "a.tar", tmp_path / "out", part_packets=3)
    manifest = json.loads((tmp_path / "out" / "_ingest.json").read_text())
    assert manifest["result"]["alerts"] == 7
    sizes = [pq.read_metadata(part).num_rows for part in sorted((tmp_path / "out").glob("part-*"))]
    assert sizes == [3, 3, 1]


def test_header_of_a_packet_that_is_too_large(ztf, tmp_path):
    with open(tmp_path / "huge.avro", "wb") as file:
        file.write(b"Obj\x01")
        file.truncate(65 << 20)
    (packet,) = Source(tmp_path / "huge.avro").packets()
    assert packet.data is None
    with pytest.raises(DamagedPacket, match="larger than 64 MB"):
        packet_schema(packet, Wanted.of(ztf, cutouts=False))


def test_added_columns_have_avro_types(ztf):
    with pytest.raises(ValueError, match=r"candidate\.drb must be one of boolean, int"):
        replace(ztf, added={"candidate.drb": "real"})
