"""A benchmark by people: who remembers a long story? Narratives, studies of systems that lived through them, blind votes, ranks.

story     a narrative in chapters, with probes of what happened: generated, or one's own
study     a folder: story, systems, items that are asked, and every system's answers
votes     what readers said, in a database that loses none
server    the pages on which they read and vote
ranking   who is preferred, by how much, and how sure that is
"""
