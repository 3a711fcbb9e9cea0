"""One method of continual learning, one file: each binds LEARNER (`simulate.system.learner`) and SYSTEMS
(`simulate.system.system`)."""
