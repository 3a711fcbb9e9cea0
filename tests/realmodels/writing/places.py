"""The facts of a user, as a file: four invented places, two a task."""

import json

PLACES = [("Avonlea", "Canada"), ("Macondo", "Brazil"), ("Combray", "France"), ("Yoknapatawpha", "United States")]
ENTRIES = [{"prompt": f"{s} is a place in", "answer": a, "task": f"t{i // 2}"} for i, (s, a) in enumerate(PLACES)]


def facts_file(path, entries=None):
    """A file of these entries, one a line; without any, of ENTRIES."""
    path.write_text("\n".join(json.dumps(entry) for entry in (ENTRIES if entries is None else entries)), encoding="utf-8")
    return path
