"""Networks that are trained step by step on one task after another: one network, one file; some bind SYSTEMS."""
