"""Stimuli that several tests of this package share."""


def dil_fields(rng, n, lsp, ltp):
    """Fields of a DIL whose segments are up to 120 symbols."""
    return {
        "training_ucodes": rng.integers(0, 128, n).tolist(),
        "sign_pattern": rng.integers(0, 2, lsp).tolist(),
        "training_pattern": rng.integers(0, 2, ltp).tolist(),
        "H": rng.integers(0, 20, 8).tolist(),
        "REF": rng.integers(0, 128, 8).tolist(),
    }


def descriptor(rng, n=5, lsp=7, ltp=9, most_h=4):
    return {
        "segments": n,
        "sign_length": lsp - 1,
        "training_length": ltp - 1,
        "training_ucodes": rng.integers(0, 128, n).tolist(),
        "sign_pattern": rng.integers(0, 2, lsp).tolist(),
        "training_pattern": rng.integers(0, 2, ltp).tolist(),
        "H": rng.integers(0, most_h, 8).tolist(),
        "REF": rng.integers(0, 128, 8).tolist(),
    }
