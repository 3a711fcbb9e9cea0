"""The numbers that the paper quotes, one file per topic; `tree` puts them together."""
