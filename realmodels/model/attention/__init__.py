"""How a token reads the tokens before it: one mechanism, one file."""
