"""The figures, numbers and verdicts of the paper, drawn from stored results only, and the command line `cwb`."""
