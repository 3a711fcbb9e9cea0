"""What a token does with what it has read: one mechanism, one file."""
