"""The public alert archive (a .tar.gz of Avro packets) as Parquet: from "no broker" to a night."""

from fink_tracklets.ingest.parts import Ingested, ingest

__all__ = ["Ingested", "ingest"]
