"""What a system is (a memory or a learner whose frontier can be measured), the registry of all of them, how depth is counted."""
