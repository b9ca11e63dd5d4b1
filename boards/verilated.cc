// A board that Verilator made a C++ program of, and the other end of its serial line.
//
// Vboard.h is the design: clk, rst, rx, tx. Time passes in `run` only.

#include <cstdint>
#include <deque>
#include <memory>

#include <Vboard.h>

namespace {

const int bits = 8;
const uint16_t no_stop = 0x100;  // Beside a byte: its stop bit is missing.

struct Board {
  VerilatedContext context;
  std::unique_ptr<Vboard> design;
  uint64_t divisor, cycle = 0, heard = 0;
  std::deque<uint16_t> going;  // what the host says
  std::deque<uint8_t> come;    // what it hears
  uint64_t sending = 0;        // the cycles that are left of the byte on rx
  uint16_t on_rx = 0;
  uint64_t hearing = 0;        // the cycles since the start bit on tx began; 0 between bytes
  uint8_t on_tx = 0;
  bool tx_was = true;

  explicit Board(uint64_t divisor) : design(new Vboard{&context}), divisor(divisor) {
    design->rx = 1;
    reset(1);
  }

  ~Board() { design->final(); }

  void reset(uint64_t cycles) {
    design->rst = 1;
    for (uint64_t i = 0; i < cycles; i++) clock();
    design->rst = 0;
  }

  // One clock cycle: the host's transmitter, the board, the host's receiver.
  void clock() {
    if (!sending && !going.empty()) {
      on_rx = going.front();
      going.pop_front();
      sending = (bits + 2) * divisor;
    }
    if (sending) {
      uint64_t bit = bits + 1 - (sending - 1) / divisor;
      design->rx = bit == 0 ? 0 : bit <= bits ? on_rx >> (bit - 1) & 1 : !(on_rx & no_stop);
      sending--;
      heard = cycle;
    } else {
      design->rx = 1;
    }
    design->clk = 0;
    design->eval();
    design->clk = 1;
    design->eval();
    cycle++;
    listen(design->tx);
  }

  void listen(bool tx) {
    if (hearing) {
      hearing++;
      uint64_t middle = hearing - divisor / 2;
      if (hearing > divisor / 2 && middle % divisor == 0) {
        uint64_t bit = middle / divisor;
        if (1 <= bit && bit <= bits) on_tx = on_tx >> 1 | tx << (bits - 1);
        if (bit > bits) {
          hearing = 0;
          heard = cycle;
          if (tx) come.push_back(on_tx);
        }
      }
    } else if (tx_was && !tx) {
      hearing = 1;
    }
    tx_was = tx;
  }
};

}  // namespace

extern "C" {

Board *make(uint64_t divisor) { return new Board(divisor); }

void destroy(Board *board) { delete board; }

// The host says these bytes, once time passes.
void say(Board *board, const uint16_t *bytes, size_t count) {
  board->going.insert(board->going.end(), bytes, bytes + count);
}

// The host forgets what it has heard.
void forget(Board *board) { board->come.clear(); }

// Let time pass until `count` bytes have come, or the line has been silent for `silence` cycles.
// Gives the number of bytes, which go to `bytes`.
size_t hear(Board *board, uint8_t *bytes, size_t count, uint64_t silence) {
  board->heard = board->cycle;
  while (board->come.size() < count && board->cycle < board->heard + silence) board->clock();
  size_t there = board->come.size() < count ? board->come.size() : count;
  for (size_t i = 0; i < there; i++) {
    bytes[i] = board->come.front();
    board->come.pop_front();
  }
  return there;
}

// The board is reset, now, for so many cycles.
void reset(Board *board, uint64_t cycles) { board->reset(cycles); }

// Let so many cycles pass.
void wait(Board *board, uint64_t cycles) {
  for (uint64_t i = 0; i < cycles; i++) board->clock();
}

// How many cycles have passed.
uint64_t cycles(Board *board) { return board->cycle; }
}
