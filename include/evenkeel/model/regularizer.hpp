#pragma once

namespace evenkeel {

/// Adds l1·Σ|w| + l2·Σw² to the loss (Keras's L1, L2 and L1L2: no factor ½).
struct Regularizer {
    double l1 = 0.0;  ///< ≥ 0
    double l2 = 0.0;  ///< ≥ 0

    bool operator==(const Regularizer&) const = default;
};

inline Regularizer L1(double l1 = 0.01) {
    return {.l1 = l1, .l2 = 0.0};
}
inline Regularizer L2(double l2 = 0.01) {
    return {.l1 = 0.0, .l2 = l2};
}
inline Regularizer L1L2(double l1 = 0.0, double l2 = 0.0) {
    return {.l1 = l1, .l2 = l2};
}

}  // namespace evenkeel
