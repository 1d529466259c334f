"""What every other room stands on: the compiled core's runtime, checks of arguments, progress."""
