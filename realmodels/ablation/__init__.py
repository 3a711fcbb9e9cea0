"""Which process helps by how much (E7): sparse weights or activity, crossed with kinds and amounts of rehearsal."""
