"""Stimuli and expectations that several tests share."""

LINES = ("codec", "26awg-9kft", "tap-18kft")


def all_met(rows):
    for row in rows:
        print(row.what, row.values, row.met)
    return len(rows) > 0 and all(row.met for row in rows)
