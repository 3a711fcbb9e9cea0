"""What a claim is: statement, derivation, notation, and the numbers that a law gives once it is compiled."""
