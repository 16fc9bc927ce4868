"""Make a recording of a vector's octets: `python octets.py NAME.octets.hex LINE`."""

import sys
from pathlib import Path

Path(sys.argv[2]).write_bytes(bytes.fromhex(Path(sys.argv[1]).read_text()))
