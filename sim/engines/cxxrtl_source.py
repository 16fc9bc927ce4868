"""The C++ of a simulation: the design as CXXRTL writes it, cut up, and a loop over cycles.

The text of this file is part of the cache's keys: a change here builds every simulation anew.
"""

import re

# A compiler's time grows faster than a function: one of 6000 statements, a receiver's netlist,
# takes more than 500 s at -O1, and 38 s in functions of 50. A smaller design stays whole: a
# receiver in such functions runs at 1.3 million cycles a second in place of 1.75.
_LARGE, _STATEMENTS = 2000, 50

# One evaluation serves a whole cycle: with the clock high and its last value low, eval() computes
# outputs from the state before the edge and the state after it into separate places; commit()
# makes the latter current. That holds unless the design has combinational feedback, where CXXRTL
# must iterate; then the low half of the cycle is settled first.
_LOOP = r"""
#include <cstdint>
#include <cstring>

template<size_t N> static uint32_t *wires(cxxrtl::value<N> &v) { return v.data; }
template<size_t N> static uint32_t *wires(cxxrtl::wire<N> &w) { return w.curr.data; }

struct Stream {
    uint32_t *payload, *valid, *ready;  // into the design; null where there is no such wire
    uint32_t *items, *held;
    int64_t *at;         // cycle of each transfer
    int64_t room, next;  // source: items there are, items taken; sink: -, transfers recorded
    int64_t want;        // sink: transfers still to come before it closes; -1 for no end
    uint64_t rng, limit; // xorshift state; probability to idle or stall, of 2**32
    uint32_t top_mask;
    int32_t words, output, live, awaited, open;
};
struct Wave { uint32_t *port, *items; int64_t length; int64_t words; };
struct Probe { uint32_t *port, *items; int64_t words; };
struct Run {
    Stream *streams; Wave *waves; Probe *probes;
    int64_t n_streams, n_waves, n_probes;
    int64_t cycle, cycles;   // the next cycle, how many to run at most in this call
    int64_t pending;         // awaited streams that are not complete; 0 runs all cycles
    int64_t check_ready;
    int64_t failed, failure; // stream and kind of a broken contract
};

static inline bool below(Stream &s) {
    if (!s.limit) return false;
    s.rng ^= s.rng << 13; s.rng ^= s.rng >> 7; s.rng ^= s.rng << 17;
    return (s.rng >> 32) < s.limit;
}
static inline void copy(uint32_t *to, const uint32_t *from, int64_t words) {
    for (int64_t i = 0; i < words; i++) to[i] = from[i];
}
static inline bool same(const uint32_t *a, const uint32_t *b, int64_t words) {
    uint32_t d = 0;
    for (int64_t i = 0; i < words; i++) d |= a[i] ^ b[i];
    return d == 0;
}

struct Design {
    Top top;
    void low() { set_clock(0); }
    void settle() { low(); top.step(); }
#if HAS_CLOCK
    void set_clock(uint32_t v) { wires(top.p_clk)[0] = v; }
#else
    void set_clock(uint32_t) {}
#endif
    // Outputs become those before the edge; commit() makes the edge.
    void before_edge() {
#if CONVERGES
        set_clock(1);
        top.eval();
#else
        settle();
#endif
    }
    void commit() {
#if CONVERGES
        top.commit();
#if HAS_CLOCK
        top.prev_p_clk = cxxrtl::value<1>{0u};
#endif
#else
        set_clock(1);
        top.step();
        settle();
#endif
    }
};

enum { DROPPED = 1, CHANGED = 2, VALID_ON_READY = 3, PAYLOAD_ON_READY = 4 };

static bool fail(Run &r, int64_t stream, int64_t kind) {
    r.failed = stream; r.failure = kind; return false;
}

// Valid and payloads must not follow ready within a cycle: settle with every ready inverted and
// keep what was seen; compared after the true evaluation. No clock edge happens in between.
static void look_with_ready_inverted(Design &d, Run &r) {
    for (int64_t i = 0; i < r.n_streams; i++) {
        Stream &s = r.streams[i];
        if (s.output && s.ready) *s.ready ^= 1;
    }
    d.settle();
    for (int64_t i = 0; i < r.n_streams; i++) {
        Stream &s = r.streams[i];
        if (!s.output) continue;
        uint32_t *seen = s.held + s.words;
        seen[0] = s.valid ? *s.valid : 1;
        copy(seen + 1, s.payload, s.words);
        if (s.ready) *s.ready ^= 1;
    }
}

static bool cycle(Design &d, Run &r) {
    for (int64_t i = 0; i < r.n_waves; i++) {
        Wave &w = r.waves[i];
        int64_t at = r.cycle < w.length ? r.cycle : w.length - 1;
        copy(w.port, w.items + at * w.words, w.words);
    }
    for (int64_t i = 0; i < r.n_streams; i++) {
        Stream &s = r.streams[i];
        if (s.output) {
            bool stalled = below(s);
            if (s.ready) *s.ready = (s.open || s.want != 0) && !stalled;
        } else if (!s.live && s.next < s.room && (!s.valid || !below(s))) {
            s.live = 1;
            copy(s.payload, s.items + s.next * s.words, s.words);
            if (s.valid) *s.valid = 1;
        }
    }
    if (r.check_ready) look_with_ready_inverted(d, r);
    d.before_edge();
    for (int64_t i = 0; i < r.n_streams; i++) {
        Stream &s = r.streams[i];
        if (s.output) {
            bool valid = s.valid ? *s.valid : true;
            if (r.check_ready) {
                uint32_t *seen = s.held + s.words;
                if (seen[0] != valid) return fail(r, i, VALID_ON_READY);
                if (valid && !same(seen + 1, s.payload, s.words))
                    return fail(r, i, PAYLOAD_ON_READY);
            }
            if (s.live && !valid) return fail(r, i, DROPPED);
            if (s.live && !same(s.held, s.payload, s.words)) return fail(r, i, CHANGED);
            s.live = 0;
            if (!valid) continue;
            if (!s.ready || *s.ready) {
                copy(s.items + s.next * s.words, s.payload, s.words);
                s.at[s.next++] = r.cycle;
                if (s.want > 0 && --s.want == 0 && s.awaited) r.pending--;
            } else {
                s.live = 1;
                copy(s.held, s.payload, s.words);
            }
        } else if (s.live && (!s.ready || *s.ready)) {
            s.at[s.next++] = r.cycle;
            s.live = 2;  // taken: withdrawn below, after the edge
            if (s.next == s.room && s.awaited) r.pending--;
        }
    }
    for (int64_t i = 0; i < r.n_probes; i++) {
        Probe &p = r.probes[i];
        copy(p.items, p.port, p.words);
        p.items += p.words;
    }
    d.commit();
    for (int64_t i = 0; i < r.n_streams; i++) {
        Stream &s = r.streams[i];
        if (s.output || s.live != 2) continue;
        s.live = 0;
        if (!s.valid) continue;
        // Not valid: show the complement, so that a component that looks anyway is found out.
        *s.valid = 0;
        for (int64_t w = 0; w < s.words; w++) s.payload[w] = ~s.payload[w];
        if (s.words) s.payload[s.words - 1] &= s.top_mask;
    }
    r.cycle++;
    return true;
}

extern "C" {
Design *v90_create() { Design *d = new Design; d->settle(); return d; }
void v90_destroy(Design *d) { delete d; }
void v90_settle(Design *d) { d->settle(); }
void v90_power_on(Design *d) { d->top.reset(); d->settle(); }
// With the clock's reset high for some cycles.
void v90_reset(Design *d, int64_t cycles) {
#if HAS_RESET
    wires(d->top.p_rst)[0] = 1;
    for (int64_t i = 0; i < cycles; i++) { d->before_edge(); d->commit(); }
    wires(d->top.p_rst)[0] = 0;
#endif
    d->settle();
}
// 0: all cycles ran; 1: every awaited stream is complete; 2: a broken contract.
int64_t v90_run(Design *d, Run *r) {
    const bool awaiting = r->pending > 0;
    d->low();
    for (int64_t end = r->cycle + r->cycles; r->cycle < end;) {
        if (!cycle(*d, *r)) return 2;
        if (awaiting && r->pending == 0) return 1;
    }
    return 0;
}
}
"""


def _mangle(name):
    return "p_" + name.replace("_", "__")


def source(cxx, clocks, wires):
    """The whole C++ source: the design, the loop, and where the ports' bits are."""
    # CXXRTL says in the text of eval() whether one call settles the design.
    defines = [
        f"#define CONVERGES {int('bool converged = true;' in cxx)}",
        f"#define HAS_CLOCK {int('prev_p_clk' in cxx)}",
        f"#define HAS_RESET {int('rst' in clocks)}",
        "typedef cxxrtl_design::p_top Top;",
    ]
    cases = [f"    case {i}: return wires(d->top.{_mangle(name)});" for i, name in enumerate(wires)]
    table = [
        'extern "C" uint32_t *v90_wire(Design *d, int64_t i) {',
        "    switch (i) {",
        *cases,
        "    }",
        "    return nullptr;",
        "}",
    ]
    return "\n".join([cxx, *defines, _LOOP, *table, ""])


def split(cxx):
    """The design with a large eval() as functions of ``_STATEMENTS`` each.

    Local variables that several functions need become members of the design.
    """
    begin = "bool p_top::eval(performer *performer) {\n"
    head, _, rest = cxx.partition(begin)
    body, end, tail = rest.partition("\treturn converged;\n")
    flags, variables, statements, more = {}, {}, [], False
    for line in body.splitlines():
        if line.lstrip().startswith("//"):
            continue
        if more:
            statements[-1] += f"\n{line}"
        elif flag := re.match(r"\tbool (\w+) = ", line):
            flags[flag[1]] = line
        elif variable := re.fullmatch(r"\tvalue<\d+> (\w+);", line):
            variables[variable[1]] = line
        else:
            statements.append(line)
        # A variable that is "auto" is for the block that follows.
        more = line != "\t}" and (more or line.startswith("\tauto ") or line.endswith("{"))
    if len(statements) < _LARGE:
        return cxx
    parts = [statements[at : at + _STATEMENTS] for at in range(0, len(statements), _STATEMENTS)]
    needed = {name: set() for name in variables}
    for number, part in enumerate(parts):
        for name in needed.keys() & set(re.findall(r"\w+", "\n".join(part))):
            needed[name].add(number)
    pairs = {"performer": "performer *performer"} | {flag: f"bool &{flag}" for flag in flags}
    declared = f"({', '.join(pairs.values())})"
    own = [[] for _ in parts]
    shared = [f"\tvoid eval_{number}{declared};" for number in range(len(parts))]
    for name, numbers in needed.items():
        (own[min(numbers)] if len(numbers) == 1 else shared).append(variables[name])
    member = "\tbool eval(performer *performer = nullptr) override;\n"
    functions = [
        "\n".join(
            [
                f"void __attribute__((noinline)) p_top::eval_{number}{declared} {{",
                *own[number],
                *part,
                "}",
                "",
            ]
        )
        for number, part in enumerate(parts)
    ]
    calls = [f"\teval_{number}({', '.join(pairs)});" for number in range(len(parts))]
    return "\n".join(
        [
            head.replace(member, "\n".join([*shared, member])),
            *functions,
            begin + "\n".join([*flags.values(), *calls]),
            end + tail,
        ]
    )
