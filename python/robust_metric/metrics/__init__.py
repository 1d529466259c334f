"""Metrics on the input: what every Mahalanobis metric offers, and affine steps folded into one."""
