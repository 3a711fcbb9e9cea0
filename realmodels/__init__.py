"""Language models small enough to train here, taught one task after another: how they are written, and what they keep."""
