"""The answers that fact streams choose among.

The sixteen countries named most often in the pretraining text of which at least 60 cities and 30 airport codes never occur
in it. Each is one token (with the space before it), so an answer is one prediction and chance is exactly 1/16. The list is
written out, because tokenizers, and so models, depend on it; a test derives it again from the packages.
"""

CANDIDATES: tuple[str, ...] = (
    "United States",
    "China",
    "France",
    "India",
    "Russia",
    "Germany",
    "Australia",
    "Japan",
    "Italy",
    "Spain",
    "Mexico",
    "Turkey",
    "Brazil",
    "Iran",
    "Canada",
    "Pakistan",
)
