"""What a span of nights says: counts that add up, rates, and what the papers say beside."""
