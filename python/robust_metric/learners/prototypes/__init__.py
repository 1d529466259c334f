"""How prototypes, and the metric with them, are trained."""
