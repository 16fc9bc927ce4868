"""Simulators behind one interface: CXXRTL, Verilator, Icarus; caches and benches."""
