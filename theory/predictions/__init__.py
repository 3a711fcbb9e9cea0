"""What the laws predict for whole systems: finite streams, bits read after a threshold, the rungs of the capacity ladder."""
