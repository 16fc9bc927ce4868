"""The downstream received (9.3.2/V.90): samples to Ucodes, and what trains that."""
