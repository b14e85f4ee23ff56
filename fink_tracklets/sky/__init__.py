"""Geometry on the sky: unit vectors, arcs, tangent planes."""
