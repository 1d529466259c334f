"""The independent checker: rational arithmetic, and nothing compiled."""
