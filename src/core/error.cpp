#include "evenkeel/core/error.hpp"

#include <fmt/format.h>

namespace evenkeel {

Error::Error(Fault fault, std::string_view where, std::string_view expected, std::string_view got)
    : std::runtime_error(fmt::format("[{}] expected {}, got {}", where, expected, got)), fault_(fault) {}

void fail_input(std::string_view where, std::string_view expected, std::string_view got) {
    throw Error(Fault::input, where, expected, got);
}

void fail_work(std::string_view where, std::string_view expected, std::string_view got) {
    throw Error(Fault::work, where, expected, got);
}

}  // namespace evenkeel
