"""What there is to ask about, as tables: the claims, and the symbols in which they are stated."""

from theory.ledger import ledger
from theory.proof.notation import TERMS
from theory.table import Table


def claims() -> Table:
    """Every claim: id, title, status; `theory.claim(id)` gives one of them. It imports every law, which takes a second or two."""
    rows = [{"id": entry.id, "title": entry.title, "status": entry.status} for entry in ledger().values()]
    return Table(rows, 'theory.claim("C2") is one of them')


notation = Table(
    [{"symbol": name, "meaning": term.meaning, "unit": term.unit, "range": term.interval} for name, term in TERMS.items()],
    'each symbol is the name of a parameter: theory.claim("C2").task_ceiling(N=1000, T=20)',
)
"""The glossary: every symbol with its meaning, its unit and the range that it lies in."""
