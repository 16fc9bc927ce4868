"""The downstream receiver in gateware (9.3.2/V.90): samples to Ucodes."""
