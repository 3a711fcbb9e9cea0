"""Who remembers the story better, by the votes of readers: strengths, how sure they are, and what they rest on.

    >>> from realmodels.arena.ranking import ranked
    >>> ranked(read_study("example"), Votes("example/votes.sqlite").table()).show()

comparisons   votes as arrays, and what has to be true of them
davidson      the model of a vote: Bradley-Terry with ties, side and length (Davidson 1970)
intervals     how sure an estimate is: by reader where there are enough of them, else by vote
by_group      the same by age of the memory, kind of item and reader; reasons
agreement     whether readers agree (Krippendorff's alpha)
automatic     whether votes follow the automatic score
planning      how many readers tell which difference
Names are loaded on first use.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "answer": ["Ranking"],
        "entry": ["ranked"],
        "planning": ["Plan", "plan", "simulated_votes"],
    },
)
