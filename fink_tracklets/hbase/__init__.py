"""The broker's HBase: a night's rows, their publication, and whether they are there."""
