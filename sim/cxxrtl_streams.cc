// A design that CXXRTL made a C++ program of, for a caller in another language.
//
// design.cc is the design, and pins.h lists its pins: PIN(p_clk), PIN(p_x____valid) and so on. What
// is on a pin lies in chunks of 32 bits, the lowest first, and stays there as long as the design.

#include <cstring>

#include <cxxrtl/cxxrtl.h>

// A memory of one row has an address without bits. CXXRTL takes what lies behind such a value for
// the row, and where that is not 0, nothing is read or written.
template <>
inline cxxrtl_yosys::memory_index::memory_index(const cxxrtl_yosys::value<0> &, size_t, size_t)
    : valid(true), index(0) {}

#include "design.cc"

using Design = cxxrtl_design::p_design;

template <size_t Bits> uint32_t *chunks(cxxrtl::value<Bits> &pin) { return pin.data; }
template <size_t Bits> uint32_t *chunks(cxxrtl::wire<Bits> &pin) { return pin.curr.data; }

// The other end of a stream of the design: a source offers words, and a sink takes them. A source
// may set one more pin with each word, to one of `bits`.
struct Stream {
  uint32_t *valid, *ready, *payload, *beside, *words;
  const uint8_t *bits;
  uint64_t chunks, total, done, moves;

  uint32_t *word() { return words + done * chunks; }
};

// G. Marsaglia, "Xorshift RNGs", 2003.
struct Random {
  uint64_t state;
  uint32_t operator()() {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return uint32_t(state >> 32);
  }
};

extern "C" {

Design *make() { return new Design; }

void destroy(Design *design) { delete design; }

void settle(Design *design) { design->step(); }

uint32_t *pin(Design *design, size_t number) {
  uint32_t *pins[] = {
#define PIN(name) chunks(design->name),
#include "pins.h"
#undef PIN
  };
  return pins[number];
}

// Clock the design until all words have moved and the pin `busy`, if there is one, shows 0; a port
// stalls in each cycle where a random number is below `stall`. Gives the number of cycles, and in
// `last` that up to the last word that a sink took; -1 if the budget of cycles is spent, and -2 if
// a sink is offered more words than it has room for.
int64_t play(Design *design, uint32_t *clk, const uint32_t *busy, Stream *sources, size_t inputs,
             Stream *sinks, size_t outputs, uint32_t stall, uint64_t seed, int64_t budget,
             int64_t *last) {
  Stream *no_source = sources + inputs, *no_sink = sinks + outputs;
  Random random{2 * seed + 1};
  for (int64_t cycle = 0; cycle < budget; cycle++) {
    bool working = false;
    for (Stream *s = sources; s < no_source; s++) {
      working |= s->done < s->total;
      if (*s->valid || s->done == s->total || (stall && random() < stall)) continue;
      *s->valid = 1;
      memcpy(s->payload, s->word(), s->chunks * sizeof(uint32_t));
      if (s->beside) *s->beside = s->bits[s->done];
    }
    for (Stream *s = sinks; s < no_sink; s++) {
      working |= s->done < s->total;
      *s->ready = !stall || random() >= stall;
    }

    *clk = 0;
    design->step();
    if (!working && !(busy && *busy)) return cycle;
    for (Stream *s = sources; s < no_source; s++) s->moves = *s->valid & *s->ready;
    for (Stream *s = sinks; s < no_sink; s++) {
      if (!(*s->valid & *s->ready)) continue;
      if (s->done == s->total) return -2;
      memcpy(s->word(), s->payload, s->chunks * sizeof(uint32_t));
      s->done++;
      *last = cycle + 1;
    }

    *clk = 1;
    design->step();
    for (Stream *s = sources; s < no_source; s++) {
      s->done += s->moves;
      if (s->moves) *s->valid = 0;
    }
  }
  return -1;
}
}
