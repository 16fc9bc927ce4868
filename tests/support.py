"""Places in the tree that tests of all packages need."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

EXAMPLES = ROOT / "examples"
