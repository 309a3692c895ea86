#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "evenkeel/core/export.hpp"

namespace evenkeel {

/// Whose fault it is: `input` is something the caller can mend (a file, an option, a shape), `work` is
/// something that went wrong while doing what was asked (a full disk, a diverging training, an interrupted
/// download).
enum class Fault { input, work };

/// The one exception type of the library. The message reads `[where] expected X, got Y`.
class EVENKEEL_API Error : public std::runtime_error {
  public:
    Error(Fault fault, std::string_view where, std::string_view expected, std::string_view got);
    Fault fault() const noexcept { return fault_; }

  private:
    Fault fault_;
};

/// Throws Error{Fault::input, …}: the caller gave something that cannot be used.
[[noreturn]] EVENKEEL_API void fail_input(std::string_view where, std::string_view expected, std::string_view got);

/// Throws Error{Fault::work, …}: the work itself failed.
[[noreturn]] EVENKEEL_API void fail_work(std::string_view where, std::string_view expected, std::string_view got);

}  // namespace evenkeel
