"""`v90 rates`."""

import v90
from golden.pcm.parameters import rate_table


def test_rates_has_every_row(capsys):
    assert v90.main(["rates"]) == 0
    lines = [line.split("│")[1:-1] for line in capsys.readouterr().out.splitlines()]
    rows = [[cell.strip() for cell in line] for line in lines if len(line) == 9]
    shown = {"CP": set(), "CPt": set()}
    bits = speed = 0
    for rate, d, s, sr, k, power, m, cp, cpt in rows:
        bits, speed = (int(d), int(rate)) if d else (bits, speed)
        assert bits == int(s) + int(k) and int(s) + int(sr) == 6
        assert speed == round(8000 * bits / 6)
        assert int(power) == 2 ** int(k)
        assert (int(m) - 1) ** 6 < int(power) <= int(m) ** 6
        for kind, drn in (("CP", cp), ("CPt", cpt)):
            if drn:
                shown[kind].add((int(k), int(s), bits, int(drn)))
    assert shown == {kind: set(rate_table(kind)) for kind in shown}
