"""ARML: metrics learned for large certified radii."""
