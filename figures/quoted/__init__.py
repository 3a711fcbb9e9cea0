"""The numbers that the paper quotes, by the part of the paper that quotes them."""
