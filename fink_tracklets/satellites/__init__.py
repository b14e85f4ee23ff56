"""Which catalogued object made a tracklet, and how sure that is. numpy and pandas, no Spark."""
