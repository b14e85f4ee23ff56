"""Orbits of tracklets that no catalogued object explains, and of the objects that they are of."""
