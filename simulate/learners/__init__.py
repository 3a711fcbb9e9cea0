"""One method of continual learning, one file: each binds LEARNERS (`simulate.system.learner`) and SYSTEMS
(`simulate.system.system`).
"""
