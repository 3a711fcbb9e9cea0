"""The commands of `cwb`, one file per group; each is a frozen dataclass whose `run` does the work."""
