#pragma once

#include <cstdint>

namespace evenkeel {

/// The t for which a Student variable of `degrees` ≥ 1 degrees of freedom lies in [−t, t] with the given
/// probability, in (0, 1). E.g. 0.95 and 7: 2.3646.
double student_two_sided(double probability, std::int64_t degrees);

}  // namespace evenkeel
