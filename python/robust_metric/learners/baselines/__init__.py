"""Other metric learners and robust rivals: one file each."""
