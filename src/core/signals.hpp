#pragma once

#include <csignal>

namespace evenkeel {

/// While it lives, signals that can wait do wait in this thread; they arrive when it ends.
///
/// oneDNN's matrix product keeps its stack pointer inside a buffer of its own while it runs (seen in 2.6.3, AVX-512). A
/// signal handler of the host program (a timer, a profiler, Ctrl-C) that interrupted it there would write its frame over
/// the heap. So nobody's handler runs while oneDNN multiplies. Faults (SIGSEGV, SIGFPE, …) cannot wait and are left.
/// Within another one's life it costs nothing: a product defers signals by itself, a pass once for all of its products.
class SignalsDeferred {
  public:
    SignalsDeferred();
    ~SignalsDeferred();
    SignalsDeferred(const SignalsDeferred&) = delete;
    SignalsDeferred& operator=(const SignalsDeferred&) = delete;

  private:
    sigset_t before_;
};

}  // namespace evenkeel
