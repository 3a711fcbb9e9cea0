"""Continual-learning methods under the ceilings: one file and one claim each; `comparison` sets them side by side."""
