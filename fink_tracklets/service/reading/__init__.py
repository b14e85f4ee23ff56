"""Reading what the service answers: from the Parquet store and from HBase."""
