"""The facts of a user, as a file: four invented places, two a task."""

import json

PLACES = [("Avonlea", "Canada"), ("Macondo", "Brazil"), ("Combray", "France"), ("Yoknapatawpha", "United States")]
ENTRIES = [{"prompt": f"{s} is a place in", "answer": a, "task": f"t{i // 2}"} for i, (s, a) in enumerate(PLACES)]


def facts_file(path, entries=None):
    """A file of these entries, one a line; without any, of ENTRIES."""
    path.write_text("\n".join(json.dumps(entry) for entry in (ENTRIES if entries is None else entries)), encoding="utf-8")
    return path


def stream_of_three():
    """Three tasks of two facts each, of two answers."""
    return [
        {**entry, "prompt": f"{word} {entry['prompt']}", "task": number}
        for number, word in enumerate("ABC")
        for entry in ENTRIES[:2]
    ]


def reported(answer) -> dict:
    """What a report of `write` says, without the place of the delta."""
    return {name: value for name, value in answer.to_dict().items() if name != "saved"}
