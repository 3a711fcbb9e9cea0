"""Machine-checked certificates of the ledger's inequalities: one file per law, and the three ways of proving one.

`balls` covers a parameter box by ball (interval) arithmetic with subdivision, `smt` decides polynomial inequalities, `exact`
settles identities in rational arithmetic. A certificate says what it covers, and, where the box cannot be covered, what is left.
"""
