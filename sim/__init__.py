"""The world around the modems, and the engines that simulate their gateware.

Kept free of imports: the cocotb bench loads this package inside the simulator's process.
"""

import os

# A second thread makes matrices of a modem's size no faster, and waits for the first by spinning:
# whole start-ups take half the processor's time with one. What has many calls shares them among
# processes. This counts where NumPy is not loaded yet.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
