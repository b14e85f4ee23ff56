"""Names into a Kafka topic for clients, each batch in one transaction.

The topic itself is the record of what was told: it is read to its end at the start, after
`init_transactions` has ended what a killed process left open. So a batch that is done again finds
nothing to tell.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)

from fink_tracklets.errors import UserError
from fink_tracklets.stream.changes import Change
from fink_tracklets.stream.failures import Away
from fink_tracklets.stream.held import Held
from fink_tracklets.stream.packet import with_tracklet, with_tracklet_field

COMMIT_S = 60.0
TAKEN_OVER = (KafkaError._FENCED, KafkaError.INVALID_PRODUCER_EPOCH)


class OutTopic:
    """A topic of named alerts.

    Parameters
    ----------
    bootstrap : HOST:PORT of a broker
    topic : its name
    night : YYYYMMDD
    settings : of librdkafka
    answer_s : how long Kafka may take to answer

    Raises
    ------
    UserError : there is no such topic
    Away : Kafka does not answer
    """

    def __init__(
        self, bootstrap: str, topic: str, night: str, settings: Mapping[str, str], answer_s: float
    ) -> None:
        self.bootstrap, self.topic, self.night = bootstrap, topic, night
        self.partitions = topic_partitions(bootstrap, topic, settings, answer_s)
        given = client(bootstrap, settings)
        self.producer = Producer(
            {
                **given,
                "transactional.id": f"fink_tracklets.{topic}.{night}",
                "compression.type": "lz4",
                "message.max.bytes": 4 << 20,
                "linger.ms": 5,
            }
        )
        try:
            self.producer.init_transactions(answer_s)
            self.told = read_told(given, topic, self.partitions, night, answer_s)
            """The name that was last told of each alert."""
        except KafkaException as error:
            raise away(bootstrap, error) from error

    def tell(self, changes: list[Change], exposures: Sequence[str], held: Held) -> None:
        """Send the changes, all or none.

        Parameters
        ----------
        exposures : have the changed alerts
        held : has their packets
        """
        packets = held.packets(exposures, [change.alert_id for change in changes])
        packet_of = {row["alert_id"]: row for row in packets.to_pylist()}
        try:
            self._send(changes, packet_of)
        except KafkaException as error:
            if error.args[0].code() in TAKEN_OVER:
                raise UserError(
                    f"Another stream or run of the night {self.night} has begun to write the topic "
                    f"{self.topic}: this one ends."
                ) from error
            raise away(self.bootstrap, error) from error
        self.told.update((change.alert_id, change.tracklet) for change in changes)

    def _send(self, changes: list[Change], packet_of: Mapping[int, Mapping[str, Any]]) -> None:
        self.producer.begin_transaction()
        for change in changes:
            packet = packet_of[change.alert_id]
            self.producer.produce(
                self.topic,
                key=_key(packet["avro"]),
                value=with_tracklet(packet["body"], change.tracklet),
                partition=zlib.crc32(packet["exposure"].encode()) % self.partitions,
                headers={
                    "night": self.night.encode(),
                    "alert_id": str(change.alert_id).encode(),
                    "tracklet": (change.tracklet or "").encode(),
                },
            )
            self.producer.poll(0)
        self.commit()

    def commit(self) -> None:
        """End the transaction: from here on clients see it."""
        self.producer.commit_transaction(COMMIT_S)


@lru_cache(maxsize=64)
def _key(avro: str) -> bytes:
    return with_tracklet_field(avro).encode()


def client(bootstrap: str, settings: Mapping[str, str]) -> dict[str, Any]:
    """What every client of librdkafka is given; what it has to say it says by exceptions."""
    return {**settings, "bootstrap.servers": bootstrap, "log_level": 0}


def topic_partitions(
    bootstrap: str, topic: str, settings: Mapping[str, str], answer_s: float
) -> int:
    """How many partitions a topic has.

    Raises
    ------
    UserError : there is no such topic
    Away : Kafka does not answer
    """
    consumer = Consumer({**client(bootstrap, settings), "group.id": "fink_tracklets"})
    try:
        found = consumer.list_topics(topic, answer_s).topics[topic]
        known = sorted(
            name for name in consumer.list_topics(timeout=answer_s).topics if name[:2] != "__"
        )
    except KafkaException as error:
        raise away(bootstrap, error) from error
    finally:
        consumer.close()
    if found.error is not None or not found.partitions:
        there = f"it has {', '.join(known[:8])}" if known else "it has none"
        raise UserError(
            f"Kafka at {bootstrap} has no topic {topic}; {there}. Create it (kafka-topics.sh "
            f"--bootstrap-server {bootstrap} --create --topic {topic}), or give another."
        )
    return len(found.partitions)


def away(bootstrap: str, error: KafkaException) -> Away:
    """What is to be said of a Kafka that does not answer."""
    return Away(
        f"Kafka at {bootstrap} does not answer ({error.args[0].str()}): start it, or give another "
        "address as --bootstrap; then the same line again."
    )


def read_told(
    given: Mapping[str, Any], topic: str, partitions: int, night: str, answer_s: float
) -> dict[int, str | None]:
    """The name that the topic last told of each alert of a night, of what is committed."""
    told: dict[int, str | None] = {}
    for message in read_to_end(given, topic, partitions, answer_s):
        headers: dict[str, Any] = dict(message.headers() or [])
        if headers.get("night") == night.encode():
            told[int(headers["alert_id"])] = headers["tracklet"].decode() or None
    return told


def read_to_end(
    given: Mapping[str, Any], topic: str, partitions: int, answer_s: float
) -> Iterator[Message]:
    """All committed messages of a topic that are there now, those of a partition in order.

    Raises
    ------
    KafkaException : it does not answer
    """
    consumer = Consumer(
        {
            **given,
            "group.id": "fink_tracklets",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
        }
    )
    try:
        consumer.assign([TopicPartition(topic, k, OFFSET_BEGINNING) for k in range(partitions)])
        ended: set[int | None] = set()
        while len(ended) < partitions:
            message = consumer.poll(answer_s)
            if message is None:
                raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
            error = message.error()
            if error is None:
                yield message
            elif error.code() == KafkaError._PARTITION_EOF:
                ended.add(message.partition())
            elif not error.retriable():
                raise KafkaException(error)
    finally:
        consumer.close()
