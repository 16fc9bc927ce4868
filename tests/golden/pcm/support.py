"""Stimuli and expectations that several tests share."""

CALLS = ("acer-surf56", "conexant-hcf", "netcomm-roadster", "swann-speeddemon", "usr-sportster")
