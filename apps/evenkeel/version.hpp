#pragma once

namespace evenkeel::cli {

/// Set by the build from the project's version.
inline constexpr const char* version = EVENKEEL_VERSION;

}  // namespace evenkeel::cli
