"""The verdict rules, one file per group of claims: each reads stored tables and says supported, refuted or undecided."""
