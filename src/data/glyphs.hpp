#pragma once

#include <vector>

namespace evenkeel {

/// A point of a glyph: x to the right and y down, a digit fills about [-0.6, 0.6] × [-1, 1].
struct Point {
    double x = 0, y = 0;
};
using Stroke = std::vector<Point>;

/// What writers do differently, each in [0, 1].
struct Habit {
    double form = 0;    ///< which variant of the digit: a 4 open or closed, a 7 with a bar or without
    double extent = 0;  ///< how far a curve goes on
    double width = 0;   ///< slim or wide loops
};

/// The strokes of digit `label` (0…9) as short segments.
std::vector<Stroke> glyph(int label, const Habit& habit);

}  // namespace evenkeel
