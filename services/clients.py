"""What is asked of the services once they run: whether each does its work, and topics."""

from __future__ import annotations

import json
import socket
import struct
import sys
import urllib.request
from collections.abc import Callable


def hdfs_answers(ports: dict[str, int]) -> bool:
    """Whether the NameNode is out of safe mode with a DataNode."""
    query = "jmx?qry=Hadoop:service=NameNode,name=FSNamesystemState"
    try:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{ports['namenode_http']}/{query}", timeout=5
        ) as answer:
            state = json.load(answer)["beans"][0]
    except (OSError, IndexError, ValueError):
        return False
    return bool(state["NumLiveDataNodes"] > 0 and state["FSState"] == "Operational")


def hbase_answers(ports: dict[str, int]) -> bool:
    """Whether HBase serves a row through Thrift, which it does when its master is ready."""
    import happybase
    from thriftpy2.thrift import TException

    try:
        connection = happybase.Connection("127.0.0.1", ports["thrift"], timeout=20_000)
        connection.table("hbase:namespace").row(b"default")
        connection.close()
    except (OSError, TException):
        return False
    return True


def kafka_answers(ports: dict[str, int]) -> bool:
    """Whether Kafka answers the question for its versions (ApiVersions, number 18)."""
    question = struct.pack(">hhih", 18, 0, 7, -1)
    try:
        with socket.create_connection(("127.0.0.1", ports["kafka"]), 2) as connection:
            connection.settimeout(2)
            connection.sendall(struct.pack(">i", len(question)) + question)
            head = connection.recv(8)
    except OSError:
        return False
    return len(head) == 8 and struct.unpack(">ii", head)[1] == 7


def make_topics(ports: dict[str, int], names: list[str]) -> None:
    """Topics of two partitions, those that are not there."""
    from confluent_kafka import KafkaError, KafkaException
    from confluent_kafka.admin import AdminClient, NewTopic

    admin = AdminClient({"bootstrap.servers": f"127.0.0.1:{ports['kafka']}"})
    for name, made in admin.create_topics([NewTopic(name, 2, 1) for name in names]).items():
        try:
            made.result(30)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                sys.exit(f"services: topic {name}: {error.args[0].str()}")


ANSWERS: dict[str, Callable[[dict[str, int]], bool]] = {
    "hdfs": hdfs_answers,
    "hbase": hbase_answers,
    "kafka": kafka_answers,
}
