"""REST service and web pages over a store. Knows no Spark."""
