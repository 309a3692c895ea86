#include "kernels/sparse.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/sparse.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include <cstring>

#include "kernels/few-inl.h"
#include "kernels/number-inl.h"

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Sums of kVectors vectors of columns, of the last one `last`, for one row of x. They stay in registers and begin at `begun` or, where
// that is null, at zero. Where there are few, chains of them take turns, to hide the latency of multiply-add.
template <int kVectors, class Last, class Store>
HWY_INLINE void sum_columns(const SparseView& x, const float* HWY_RESTRICT matrix, std::int64_t stride,
                            const float* begun, Last last, const Store& store) {
    const hn::ScalableTag<float> d;
    using V = hn::Vec<decltype(d)>;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    constexpr int chains = kVectors == 1 ? 4 : kVectors == 2 ? 2 : 1;
    const Number<kVectors> vectors;
    const auto load = [=](const float* from, int v) EVENKEEL_UNROLLED {
        return v + 1 < kVectors ? hn::LoadU(d, from + v * lanes) : last.load(d, from + v * lanes);
    };
    V sums[chains][kVectors];
    for (auto& chain : sums) for_each(vectors, [&](int v) EVENKEEL_UNROLLED { chain[v] = hn::Zero(d); });
    if (begun != nullptr) for_each(vectors, [&](int v) EVENKEEL_UNROLLED { sums[0][v] = load(begun, v); });
    const auto add = [&](auto& chain, V value, std::int64_t place) EVENKEEL_UNROLLED {
        const float* row = matrix + place * stride;
        for_each(vectors, [&](int v) EVENKEEL_UNROLLED { chain[v] = hn::MulAdd(value, load(row, v), chain[v]); });
    };
    const auto add_one = [&](auto& chain, std::int64_t i)
                             EVENKEEL_UNROLLED { add(chain, hn::Set(d, x.values[i]), x.places[i]); };
    std::int64_t i = 0;
    // Loads are what these sums take time for: one brings four values, and one their places.
    if constexpr (chains == 1 && hn::MaxLanes(d) >= 4) {
        for (; i + 4 <= x.count; i += 4) {
            const auto values = hn::LoadDup128(d, x.values + i);
            std::uint32_t places;
            std::memcpy(&places, x.places + i, sizeof places);
            add(sums[0], hn::Broadcast<0>(values), places & 0xff);
            add(sums[0], hn::Broadcast<1>(values), places >> 8 & 0xff);
            add(sums[0], hn::Broadcast<2>(values), places >> 16 & 0xff);
            add(sums[0], hn::Broadcast<3>(values), places >> 24);
        }
    }
    for (; i + chains <= x.count; i += chains) {
        for (int k = 0; k < chains; ++k) add_one(sums[k], i + k);
    }
    for (; i < x.count; ++i) add_one(sums[0], i);
    for_each(vectors, [&](int v) EVENKEEL_UNROLLED {
        for (int k = 1; k < chains; ++k) sums[0][v] = hn::Add(sums[0][v], sums[k][v]);
        v + 1 < kVectors ? store(AllOfVector(), v * lanes, sums[0][v]) : store(last, v * lanes, sums[0][v]);
    });
}

// Calls body(vectors, last, c) for groups of columns that cover [0, n) once, from column c on: eight vectors, and what is left. Each
// walk along a row of x ends where no branch predictor knows, so there are as few as can be.
template <class Body>
HWY_INLINE void for_groups_of_columns(std::int64_t n, const Body& body) {
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(hn::ScalableTag<float>()));
    constexpr int most = 8;
    std::int64_t c = 0;
    for (; c + most * lanes <= n; c += most * lanes) body(Number<most>(), AllOfVector(), c);
    const std::int64_t whole = (n - c) / lanes, rest = (n - c) % lanes;
    if (rest == 0) {
        for_number<most - 1>(whole, [=](auto vectors) HWY_ATTR { body(vectors, AllOfVector(), c); });
    } else {
        const FewOfVector few{static_cast<std::size_t>(rest)};
        for_number<most>(whole + 1, [=](auto vectors) HWY_ATTR { body(vectors, few, c); });
    }
}

void SparseProduct(std::int64_t rows, const SparseView* x, std::int64_t n, const float* matrix, std::int64_t stride,
                   Sums sums, float* y, std::int64_t y_stride) {
    const hn::ScalableTag<float> d;
    for_groups_of_columns(n, [=](auto vectors, auto last, std::int64_t c) HWY_ATTR {
        float* to = y + c;
        for (std::int64_t r = 0; r < rows; ++r, to += y_stride) {
            sum_columns<vectors()>(x[r], matrix + c, stride, sums == Sums::go_on ? to : nullptr, last,
                                   [=](auto part, std::int64_t at, auto sum) HWY_ATTR { part.store(d, sum, to + at); });
        }
    });
}

void SparseDescent(std::int64_t rows, const SparseView* x, std::int64_t n, const float* matrix, std::int64_t stride,
                   const float* begun, const Descent& descent) {
    const hn::ScalableTag<float> d;
    for_groups_of_columns(n, [=](auto vectors, auto last, std::int64_t c) HWY_ATTR {
        for (std::int64_t r = 0; r < rows; ++r) {
            float* weights = descent.weights + descent.rows[r] * descent.stride + c;
            const float rate = descent.rate;
            sum_columns<vectors()>(x[r], matrix + c, stride, begun != nullptr ? begun + r * n + c : nullptr, last,
                                   [=](auto part, std::int64_t at, auto gradient) HWY_ATTR {
                                       const auto change = hn::Mul(hn::Set(d, rate), gradient);
                                       part.store(d, hn::Sub(part.load(d, weights + at), change), weights + at);
                                   });
        }
    });
}

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace evenkeel::kernels {

HWY_EXPORT(SparseProduct);
HWY_EXPORT(SparseDescent);

void sparse_product(std::int64_t rows, const SparseView* x, std::int64_t n, const float* matrix, std::int64_t stride,
                    Sums sums, float* y, std::int64_t y_stride) {
    HWY_DYNAMIC_DISPATCH(SparseProduct)(rows, x, n, matrix, stride, sums, y, y_stride);
}

void sparse_descent(std::int64_t rows, const SparseView* x, std::int64_t n, const float* matrix, std::int64_t stride,
                    const float* begun, const Descent& descent) {
    HWY_DYNAMIC_DISPATCH(SparseDescent)(rows, x, n, matrix, stride, begun, descent);
}

}  // namespace evenkeel::kernels
#endif
