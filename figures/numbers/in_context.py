"""Numbers quoted on controls that write nothing."""

from figures.numbers.estimates import Tree, plain
from figures.results import Results
from figures.verdicts.in_context import shown


def in_context(results: Results) -> Tree:
    """Depth of answers by the number of facts before the question."""
    table = results.table("in_context")
    return {"most": int(table["shown"].max()), "depth": {str(count): plain(value) for count, value in shown(table).items()}}
