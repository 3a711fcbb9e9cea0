"""Systems that live through a story: what each has in its context, or in its weights, when it is asked.

frozen      the frame alone: the floor
window      the last tokens of the story
whole       the whole story so far, as much of it as the context holds: the ceiling
retrieval   the passages that are most like the question
written     the frame, or what another of these has; every chapter was written into the weights by a writing method
named       from a word to one of these
"""
