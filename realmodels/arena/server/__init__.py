"""The pages of a study: join, read the story so far, compare two answers without knowing whose they are, vote.

site      the application: its routes, its headers, what it refuses
visits    who is asking: session, form, limits
arena     what all pages share: the study, and what is asked next
pages     what each page does
words     what the pages say, in English and Chinese
serve     start it
"""

from realmodels.arena.server.site import app

__all__ = ["app"]
