"""Certification beyond one machine: blocks of queries, and shards of a training set."""
