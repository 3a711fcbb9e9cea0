"""What each question about a model and facts is answered with: one file per answer."""
