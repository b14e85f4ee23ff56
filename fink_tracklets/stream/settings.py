"""conf/stream.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fink_tracklets.errors import UserError
from fink_tracklets.survey.checks import positive
from fink_tracklets.survey.config import load


@dataclass(frozen=True)
class StreamSettings:
    """How the stream works through a running night."""

    max_messages: int
    """Of one batch."""
    max_files: int
    """Of one batch, from a lake."""
    batch_cost: float
    """Work that a batch may search, as `pipeline.link.searched` counts it."""
    growth: float
    """A crowd is searched again when it has grown by this factor."""
    quiet_s: float
    """Or when it got nothing new for so long."""
    held_candidates: int
    """Candidates that are held in memory."""
    patience_s: float
    """How long a Kafka that is away is waited for."""
    answer_s: float
    """How long Kafka may take to answer at the start."""
    topics: Mapping[str, str] = field(default_factory=dict)
    """By survey, the topic that clients read."""
    reader: Mapping[str, str] = field(default_factory=dict)
    """Kafka's own settings of Spark's reader."""
    writer: Mapping[str, str] = field(default_factory=dict)
    """Kafka's own settings of librdkafka, which writes."""
    spark: Mapping[str, str] = field(default_factory=dict)
    """Of a Spark that the stream starts itself."""

    def topic_of(self, survey: str, given: str) -> str:
        """The topic that clients of a survey read, unless one is given; none is an error."""
        if not given and survey not in self.topics:
            raise UserError(
                f"conf/stream.toml names no topic for the survey {survey}: give --out-topic T."
            )
        return given or self.topics[survey]

    def __post_init__(self) -> None:
        positive(self, "max_messages", "max_files", "batch_cost", "held_candidates")
        positive(self, "quiet_s", "patience_s", "answer_s")
        if not self.growth > 1:
            raise ValueError("growth must be more than 1")


def load_stream() -> StreamSettings:
    """The settings of conf/stream.toml."""
    return load(StreamSettings, "stream.toml")
