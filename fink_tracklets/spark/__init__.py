"""Spark: its session, its Java, its exceptions as sentences."""
