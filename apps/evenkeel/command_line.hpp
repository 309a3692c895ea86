#pragma once

#include <string>

namespace evenkeel::cli {

/// Remembers how the program was called; main does it first.
void remember_command_line(int argc, char** argv);

/// The call, quoted for a shell, with "evenkeel" for the program's path.
std::string command_line();

/// The call as it was given, quoted for a shell.
std::string command_line_as_given();

/// The same with --resume added where it is missing.
std::string command_line_with_resume();

}  // namespace evenkeel::cli
