"""How fast golden and gateware are, and the page that says so."""
