"""Counters of what happened, and what stops each at its end (test_counters.py)."""

_COUNTER = ("modem.selftest", "_Counter", "clear")

#: Where a counter is, and what makes it zero; what stops it, and that left out.
COUNTERS = {
    "overflows": ("pcm.decoder", "Decoder", None, " & ~self.overflows.all()", ""),
    "unknown": ("pcm.mapper", "Demapper", None, " & ~self.unknown.all()", ""),
    "passes": ("receiver.training", "DilAverager", "dil", "(ends & ~self.passes.all())", "ends"),
    "errors": (*_COUNTER, " & ~self.errors.all()", ""),
    "bits": (*_COUNTER, "self.bits + ~self.bits.all()", "self.bits + 1"),
}
#: A count of what ``dil`` is up for is zero when it is down.
DOWN = {"dil"}
