#pragma once

#include <string>

namespace evenkeel::cli {

/// Remembers how the program was called; main does it first.
void remember_command_line(int argc, char** argv);

/// The same call with --resume added where it is missing, quoted for a shell.
std::string command_line_with_resume();

}  // namespace evenkeel::cli
