"""The paper as LaTeX source that preprint servers take: Typst evaluates it, and its tree of elements is written out anew."""
