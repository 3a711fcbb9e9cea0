"""Language models small enough to train here, taught one task after another: what they are, how they are written, what they keep."""
