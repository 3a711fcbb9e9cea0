"""The rules of the verdicts (which were settled after pilots: paper/LOG.md); one file per group of claims, each binding `RULES`."""
