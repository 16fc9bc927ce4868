"""V.34, which V.90 has upstream (clauses 5 to 9/V.34)."""
