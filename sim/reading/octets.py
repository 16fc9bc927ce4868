"""What is in a recording of a V.90 downstream: signals, their times and fields (8.4, 8.6/V.90).

Nothing is told but the octets. Each Sd begins a training: phase 3 is read here, from the signs of
octets as they came; phase 4 and data by :mod:`sim.reading.phase4`, the network by
:mod:`sim.reading.network`. Times count octets from the recording's first.
"""

from dataclasses import dataclass

import numpy as np

from golden.bits.scrambler import GPC, Descrambler
from golden.errors import CallFailed
from golden.pcm import g711
from golden.pcm.parameters import INTERVALS
from golden.signals.sequences import JD, JD_END
from golden.signals.training import SD, SD_BAR, dil
from sim.reading import dil as reading_dil
from sim.reading import network as reading_network
from sim.reading import phase4 as reading_phase4
from sim.reading.types import Line, Signal, Training, crcs, runs

#: Symbols of half a period of Sd and R, over which their signs turn.
HALF = 3

#: Symbols of Sd that must be there to call it one, before S-bar-d.
LEAST_SD = 96

#: Largest part of W's level that Sd's middle symbols have: Ucode 0, and what a high-pass adds.
MIDDLE = 0.15

#: Shares by which a symbol of Sd may depart from the one three symbols before, turned.
DEPARTS = 0.08

#: Bits whose share of ones tells whether TRN1d still goes on.
WINDOW = 96

#: Symbols of TRN1d without which it is none.
LEAST_TRN1D = 60

#: Symbols of DIL that must be there to take it apart.
LEAST_DIL = 120

#: Values of symbols behind which a high-pass shows.
LARGE = 2000

#: Ucodes below which a reference is small, and how far a high-pass moves another one.
SMALL, NEAR = 32, 6

#: What is said of a DIL whose structure is not found.
UNTOLD = "its segments were not told apart"

#: What is said where nothing is found.
NOTHING = "no Sd with a TRN1d behind it: this is no downstream of V.90, or not its start-up"

# --- Sd ------------------------------------------------------------------------------------------


def find_sd(line):
    """Triples (Sd's first octet, S-bar-d's, TRN1d's) of all Sd with their end."""
    x = line.values
    if len(x) < LEAST_SD + SD_BAR * INTERVALS:
        return []
    size = np.abs(x)
    level = np.lib.stride_tricks.sliding_window_view(np.pad(size, (0, 5)), INTERVALS).max(1)
    turned = np.zeros(len(x), bool)
    turned[HALF:] = (np.abs(x[HALF:] + x[:-HALF]) <= DEPARTS * level[HALF:]) & (level[HALF:] > 100)
    same = np.zeros(len(x), bool)
    same[HALF:] = (np.abs(x[HALF:] - x[:-HALF]) <= DEPARTS * level[HALF:]) & (level[HALF:] > 100)
    found = []
    for first, end in runs(turned):
        first -= HALF
        if end - first < LEAST_SD or end + SD_BAR * INTERVALS > len(x):
            continue
        # The three symbols behind are those before, not turned: S-bar-d.
        if not same[end : end + HALF].all() or not turned[end + HALF : end + 6 * INTERVALS].all():
            continue
        last = size[end - INTERVALS : end].reshape(2, HALF)
        if last[:, 1].max() > MIDDLE * last[:, [0, 2]].min():
            continue
        # Whole periods back from S-bar-d; silence before Sd may look alike for a symbol or two.
        periods = min((end - first) // INTERVALS, SD)
        at = int(end)
        found.append((at - int(periods) * INTERVALS, at, at + SD_BAR * INTERVALS))
    return found


def find_law(octets):
    """The law in which Sd's middle symbols are Ucode 0, ``mu`` or ``A``.

    Raises :class:`~golden.errors.CallFailed` where there is no Sd in either.
    """
    counts = {law: 0 for law in g711.LAWS}
    for law in g711.LAWS:
        line = Line(octets, law)
        for first, end, _ in find_sd(line):
            middle = line.ucodes[first + 1 : end : HALF]
            counts[law] += int(np.count_nonzero(middle <= 1))
    law = max(counts, key=counts.get)
    if not counts[law]:
        raise CallFailed(NOTHING)
    return law


# --- TRN1d and Jd --------------------------------------------------------------------------------


def _descrambled(bits, before):
    return Descrambler(GPC).process(np.concatenate([before, bits]))[len(before) :]


def read_trn1d(line, at, until, training):
    """TRN1d from octet ``at`` on and the Jd behind it; returns the octet behind all that."""
    rest = line.signs[at:until]
    bits = _descrambled(rest, np.zeros(0, np.uint8))
    # Turned signs descramble to noughts; the first 23 bits have a history of their own.
    early = bits[max(GPC) : max(GPC) + 2 * WINDOW]
    training.inverted = bool(len(early) and early.mean() < 0.5)
    signs = rest ^ np.uint8(training.inverted)
    bits = _descrambled(signs, np.zeros(0, np.uint8))
    ones = np.concatenate([[0], np.cumsum(bits)])
    share = (ones[WINDOW:] - ones[:-WINDOW]) / WINDOW if len(bits) >= WINDOW else np.ones(1)
    over = np.flatnonzero(share < 0.8)
    end = int(over[0]) if len(over) else len(bits)
    wrong = np.flatnonzero(bits[end:] == 0)
    end += int(wrong[0]) if len(over) and len(wrong) else 0
    length, found = _jd_behind(signs, end)
    wrong = int(np.count_nonzero(bits[:length] == 0))
    ucodes = line.ucodes[at : at + length]
    own = [np.bincount(ucodes[i::INTERVALS], minlength=128) for i in range(INTERVALS)]
    training.u_info = tuple(int(one.argmax()) for one in own)
    training.level = float(np.mean(g711.linear(np.array(training.u_info), line.law)))
    kinds = sorted(set(training.u_info))
    named = " ".join(str(u) for u in training.u_info) if len(kinds) > 1 else str(kinds[0])
    note = f"U_INFO {named} as it arrives" + (", polarity inverted" * training.inverted)
    if wrong:
        note += f", {wrong} of its bits are no ones"
    training.signals.append(
        Signal(
            "TRN1d",
            at,
            length,
            note,
            {"u_info": list(training.u_info), "inverted": training.inverted, "wrong_bits": wrong},
        )
    )
    return _read_jd(found, at + length, training) if found is not None else at + length


def _jd_behind(signs, end):
    """TRN1d's symbols, where it ends near ``end``, and the bits of Jd behind it or None."""
    for back in range(8):
        length = (end // INTERVALS - back) * INTERVALS
        if length < INTERVALS * 5 or len(signs) - length < JD.length:
            continue
        before = signs[length - max(GPC) : length]
        changes = signs[length:] ^ signs[length - 1 : -1]
        bits = _descrambled(changes, before)
        if JD.parse(bits) is not None:
            return length, bits
    return min(end, len(signs)) // INTERVALS * INTERVALS, None


def _read_jd(bits, at, training):
    """Jd and Jd' in ``bits``, which begin with the first Jd at octet ``at``."""
    count, good = 0, []
    while True:
        part = bits[count * JD.length : (count + 1) * JD.length]
        if len(part) < JD.length or not part[:JD_END].any():
            break
        values = JD.parse(part)
        if (
            values is None
            and JD.parse(bits[(count + 1) * JD.length :]) is None
            and not (_ends(bits, count + 1))
        ):
            break
        count += 1
        if values is not None:
            good.append(values)
    training.jd = good[-1]
    rates = [i for i in range(22) if training.jd["rates"] >> i & 1]
    low, high = (f"{(28000 + i * 8000 / 6):.0f}" for i in (rates[0], rates[-1])) if rates else "--"
    training.signals.append(
        Signal(
            "Jd",
            at,
            count * JD.length,
            f"{count}, {crcs(count, len(good))}; {low} to {high} bit/s, look-ahead "
            f"{training.jd['look_ahead']}, {4 << 2 * training.jd['training']} points for CP",
            {
                "count": count,
                "good": len(good),
                **training.jd,
                "same": all(one == good[0] for one in good),
            },
        )
    )
    end = at + count * JD.length
    if _ends(bits, count):
        training.signals.append(Signal("Jd'", end, JD_END, "12 zeroes"))
        end += JD_END
    return end


def _ends(bits, count):
    part = bits[count * JD.length : count * JD.length + JD_END]
    return len(part) == JD_END and not part.any()


# --- All of it -----------------------------------------------------------------------------------


@dataclass
class Reading:
    """What a recording holds.

    Fields: ``line``, ``trainings``, one for each Sd; ``samples``, how many there were of an
    analogue line, None for octets.
    """

    line: Line
    trainings: list
    samples: int | None = None

    @property
    def signals(self):
        """All signals in order."""
        return [one for training in self.trainings for one in training.signals]


def read(octets, law=None, ja=None, given=None, snrs=None, measured=None):
    """:class:`Reading` of octets (uint8, ``(n,)``).

    ``law``: of the octets, None: as Sd tells. ``ja``: fields of
    :data:`golden.signals.sequences.DIL`, where the DIL that was asked for is known. ``given``:
    mapping parameters by kind, CPt and CP, for what cannot be told. ``snrs``: of each training in
    dB, where octets are decisions on samples, which lose small levels; ``measured``: what the
    receiver found in each DIL (:class:`~golden.learning.learning.Impairments` or None).

    Raises :class:`~golden.errors.CallFailed` where there is no start-up of V.90 in them.
    """
    octets = np.asarray(octets, np.uint8)
    line = Line(octets, law or find_law(octets))
    found = find_sd(line)
    if not found:
        raise CallFailed(NOTHING)
    trainings = []
    for number, sd in enumerate(found):
        last = number + 1 == len(found)
        until = len(octets) if last else found[number + 1][0]
        training, at = read_training(line, sd, until)
        training.noisy = snrs is not None
        training.snr = snrs[min(len(trainings), len(snrs) - 1)] if snrs else None
        training.measured = measured[min(len(trainings), len(measured) - 1)] if measured else None
        # QTS of V.92's quick connect is like Sd, but no TRN1d comes behind it.
        if training.signal("TRN1d").symbols < LEAST_TRN1D and len(octets) - sd[2] > LEAST_TRN1D:
            continue
        if training.jd is not None:
            _rest(line, at, until, training, ja, given)
        else:
            reading_phase4.read_direct(line, at, until, training, given)
        trainings.append(training)
    if not trainings:
        raise CallFailed(NOTHING)
    return Reading(line, trainings)


def _rest(line, at, until, training, ja, given):
    """DIL, and phase 4 behind it."""
    count = len(training.signals)
    begin = reading_phase4.read(line, at, until, training, given)
    later = training.signals[count:]
    training.signals[count:] = []
    end = until if begin is None else begin
    if end - at >= INTERVALS and training.signal("Jd'") is not None:
        _read_dil(line, slice(at, at + (end - at) // INTERVALS * INTERVALS), training, ja)
    training.signals += later


def _read_dil(line, part, training, ja):
    training.dil = part
    ucodes = line.ucodes[part].reshape(-1, INTERVALS)
    signs = line.signs[part] ^ np.uint8(training.inverted)
    clean = ucodes
    if training.high_pass:
        training.high_pass_at, last = _onset(line.ucodes[part], line.values[part])
        clean = ucodes[:last]
    if not training.noisy:
        training.network = reading_network.find(
            clean, ucodes, line.law, training.u_info[0], training.w, ja
        )
    elif training.measured is not None:
        training.network = reading_network.of_impairments(training.measured, training.u_info)
    fields, text = {}, ""
    # Behind a high-pass's onset no symbol is what was asked for.
    n = clean.size
    told = slice(part.start, part.start + n)
    found = None
    if n >= LEAST_DIL and not training.noisy:
        found = reading_dil.find(line.ucodes[told], signs[:n], _robbed(training.network))
    training.structure = found
    if found is not None:
        count, named = len(found.starts), found.descriptor
        asked, own = dil(named, count)
        same = (asked[:n] == line.ucodes[told]) & ((own[:n] == signs[:n]) | (asked[:n] == 0))
        fields = {**named, "segments_sent": count, "equal": float(same.mean()), "cut": found.cut}
        reference = sorted(set(named["REF"]))
        text = (
            f"{count} segments, {found.passes:.2f} times {named['segments']}; "
            f"REF {' '.join(map(str, reference))}, patterns of "
            f"{len(named['sign_pattern'])} signs and {len(named['training_pattern'])} symbols"
        )
        if training.high_pass:
            text = f"before the high-pass {text}"
    if ja is not None:
        fields["ja_equal"], compared = _against(ja, line.ucodes[part], signs)
        text += f"{'; ' if text else ''}{compared} as Ja asks"
    if not text:
        text = "too noisy to be taken apart" if training.noisy else UNTOLD
    heard = np.flatnonzero(np.bincount(line.ucodes[part], minlength=128))
    text += f"; {len(heard)} Ucodes, {heard[0]} to {heard[-1]}, arrive"
    fields["arrived"] = [
        [int(u) for u in np.flatnonzero(np.bincount(column, minlength=128))] for column in ucodes.T
    ]
    training.signals.append(Signal("DIL", part.start, part.stop - part.start, text, fields))


def _robbed(network):
    pairs = zip(network.robbed, network.robbed_after, strict=True)
    return [i for i, bits in enumerate(pairs) if any(bits)]


def _against(ja, ucodes, signs):
    """Share of DIL's symbols that are as ``ja`` asks, and the same in words."""
    asked, own = (np.resize(one, len(ucodes)) for one in dil(ja))
    share = float(np.mean((asked == ucodes) & ((own == signs) | (asked == 0))))
    return share, "all symbols" if share == 1 else f"{share:.1%} of the symbols"


def _onset(ucodes, values):
    """Data frame at which a high-pass has begun, and that up to which it surely had not.

    Where it works the reference is no more what it was.
    A reference of small level shows that only behind large symbols.
    """
    reference = int(np.bincount(ucodes).argmax())
    if reference < SMALL:
        places = np.flatnonzero(np.abs(values[:-1]) > LARGE) + 1
    else:
        places = np.flatnonzero(np.abs(ucodes.astype(int) - reference) <= NEAR)
    same = (ucodes[places] == reference).astype(int)
    # As many as can be the same before, and other ones behind.
    score = np.concatenate([[0], np.cumsum(2 * same - 1)])
    at = int(score.argmax())
    begun = int(places[at]) if at < len(places) else len(ucodes)
    return begun // INTERVALS, int(places[at - 1]) // INTERVALS if at else 0


def read_training(line, sd, until):
    """:class:`Training` that begins with ``sd``, up to Jd', and the octet behind it.

    Nothing from octet ``until`` on is looked at.
    """
    first, turn, trn1d = sd
    training = Training()
    training.w = int(np.bincount(line.ucodes[first:turn:HALF], minlength=128).argmax())
    training.sd_inverted = bool(line.signs[first:turn:INTERVALS].mean() < 0.5)
    text = f"W has Ucode {training.w} as it arrives"
    if training.sd_inverted:
        text += ", polarity inverted"
    training.signals.append(
        Signal("Sd", first, turn - first, text, {"w": training.w, "inverted": training.sd_inverted})
    )
    training.signals.append(Signal("S-bar-d", turn, trn1d - turn, "its reversal"))
    return training, read_trn1d(line, trn1d, until, training)
