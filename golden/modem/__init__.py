"""The modems assembled (clause 9/V.90): digital, analogue, and the self-test of both."""
