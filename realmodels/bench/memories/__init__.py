"""What is tested: a language model with a writing method, a user's own object, and a table as reference."""
