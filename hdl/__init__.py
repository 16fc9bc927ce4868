"""How gateware does it: Amaranth components, each bit-exact with its model in golden."""
