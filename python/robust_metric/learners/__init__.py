"""What trains: metrics and prototypes, and the baselines beside them."""
