"""The rules of the verdicts; one file per group of claims, each binding `RULES`. paper/LOG.md says which followed pilots."""
