"""The world around the modems, and the engines that simulate their gateware.

Kept free of imports: the cocotb bench loads this package inside the simulator's process.
"""
