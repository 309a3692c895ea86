#include "kernels/sparse.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/sparse.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include <cstring>
#include <type_traits>

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <int kNumber>
using Number = std::integral_constant<int, kNumber>;

// Sums of columns [0, kVectors·lanes) for one row of x, which stay in registers; they begin at `begun` or, where that is null, at
// zero. kChains of them take turns where there are few, to hide the latency of multiply-add.
template <int kVectors, int kChains, class D, class Store>
HWY_INLINE void sum_columns(D d, const SparseView& x, const float* HWY_RESTRICT matrix, std::int64_t stride,
                            const float* begun, const Store& store) {
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    hn::Vec<D> sums[kChains][kVectors];
    for (auto& chain : sums) {
        for (auto& sum : chain) sum = hn::Zero(d);
    }
    if (begun != nullptr) {
        for (int v = 0; v < kVectors; ++v) sums[0][v] = hn::LoadU(d, begun + v * lanes);
    }
    const auto add = [&](auto& chain, auto value, std::int64_t place) HWY_ATTR {
        const float* row = matrix + place * stride;
        for (int v = 0; v < kVectors; ++v) chain[v] = hn::MulAdd(value, hn::LoadU(d, row + v * lanes), chain[v]);
    };
    const auto add_one = [&](auto& chain, std::int64_t i)
                             HWY_ATTR { add(chain, hn::Set(d, x.values[i]), x.places[i]); };
    std::int64_t i = 0;
    // Loads are what these sums take time for: one brings four values, and one their places.
    if constexpr (kChains == 1 && hn::MaxLanes(D()) >= 4) {
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
    for (; i + kChains <= x.count; i += kChains) {
        for (int k = 0; k < kChains; ++k) add_one(sums[k], i + k);
    }
    for (; i < x.count; ++i) add_one(sums[0], i);
    for (int v = 0; v < kVectors; ++v) {
        for (int k = 1; k < kChains; ++k) sums[0][v] = hn::Add(sums[0][v], sums[k][v]);
        store(d, v * lanes, sums[0][v]);
    }
}

// store(d, c, sums) for all of n columns. A column's chains, and so its bits, are the same if the columns before the last multiple
// of 64 are summed apart.
template <class Store>
HWY_INLINE void sum_row(const SparseView& x, std::int64_t n, const float* matrix, std::int64_t stride,
                        const float* begun, const Store& store) {
    const hn::ScalableTag<float> full;
    const hn::CappedTag<float, 4> quarter;
    const hn::CappedTag<float, 1> one;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(full)), few = static_cast<std::int64_t>(hn::Lanes(quarter));
    std::int64_t c = 0;
    const auto sum = [&](auto vectors, auto chains, auto d) HWY_ATTR {
        sum_columns<vectors, chains>(d, x, matrix + c, stride, begun != nullptr ? begun + c : nullptr,
                                     [&](auto, std::int64_t at, auto sums) HWY_ATTR { store(d, c + at, sums); });
    };
    for (; c + 8 * lanes <= n; c += 8 * lanes) sum(Number<8>(), Number<1>(), full);
    for (; c + 4 * lanes <= n; c += 4 * lanes) sum(Number<4>(), Number<1>(), full);
    for (; c + 2 * lanes <= n; c += 2 * lanes) sum(Number<2>(), Number<2>(), full);
    for (; c + lanes <= n; c += lanes) sum(Number<1>(), Number<4>(), full);
    for (; c + few <= n; c += few) sum(Number<1>(), Number<4>(), quarter);
    for (; c < n; ++c) sum(Number<1>(), Number<4>(), one);
}

void SparseProduct(std::int64_t rows, const SparseView* x, std::int64_t n, const float* matrix, std::int64_t stride,
                   Sums sums, float* y, std::int64_t y_stride) {
    for (std::int64_t r = 0; r < rows; ++r) {
        float* to = y + r * y_stride;
        sum_row(x[r], n, matrix, stride, sums == Sums::go_on ? to : nullptr,
                [=](auto d, std::int64_t c, auto sum) HWY_ATTR { hn::StoreU(sum, d, to + c); });
    }
}

void SparseDescent(std::int64_t rows, const SparseView* x, std::int64_t n, const float* matrix, std::int64_t stride,
                   const float* begun, const Descent& descent) {
    const float rate = descent.rate;
    for (std::int64_t r = 0; r < rows; ++r) {
        float* weights = descent.weights + descent.rows[r] * descent.stride;
        sum_row(x[r], n, matrix, stride, begun != nullptr ? begun + r * n : nullptr,
                [=](auto d, std::int64_t c, auto gradient) HWY_ATTR {
                    const auto change = hn::Mul(hn::Set(d, rate), gradient);
                    hn::StoreU(hn::Sub(hn::LoadU(d, weights + c), change), d, weights + c);
                });
    }
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
