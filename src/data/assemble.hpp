#pragma once

#include "data/array.hpp"
#include "evenkeel/data/dataset.hpp"

namespace evenkeel {

enum class TargetKind { labels, targets };

/// Rows of x with their y. Throws Error{input} for unequal counts, an x that is not (rows, features…), a y of
/// labels that is not (rows,) or (rows, 1), or more rows than 32-bit indices count.
Examples assemble(Array&& x, Array&& y, TargetKind kind);

/// Sets data.classes — to `classes`, or where that is 0 to the largest training label plus one — and checks
/// that train and test have rows, agree in shape and target, and that every label is below it. Throws
/// Error{input} naming the row.
void settle(Dataset& data, std::int64_t classes);

}  // namespace evenkeel
