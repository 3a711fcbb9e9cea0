"""The rules of the verdicts, written before the runs; one file per group of claims, each binding `RULES`."""
