"""Serial machines: sums of products on one multiplier, product after product."""
