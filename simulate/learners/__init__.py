"""One method of continual learning, one file: each binds LEARNER (`simulate.learner`) and SYSTEMS (`simulate.system`)."""
