"""What others found, and what our laws give for the same thing: one file per subject, one `Agreement` per number."""
