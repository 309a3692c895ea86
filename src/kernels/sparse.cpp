#include "kernels/sparse.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/sparse.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include <cstring>

#include "kernels/column_groups-inl.h"

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Sums of a group of columns stay in registers. Where there are few, chains of them take turns, to hide the latency of multiply-add.
template <int kVectors, class Last>
HWY_INLINE void sum_columns(const SparseView& x, const ColumnGroup<kVectors, Last>& group,
                            const float* HWY_RESTRICT matrix, std::int64_t stride, Sums begin, float* y) {
    const hn::ScalableTag<float> d;
    using V = hn::Vec<decltype(d)>;
    constexpr int chains = kVectors == 1 ? 4 : kVectors == 2 ? 2 : 1;
    V sums[chains][kVectors];
    for (auto& chain : sums) for_each(group.vectors, [&](int v) EVENKEEL_UNROLLED { chain[v] = hn::Zero(d); });
    if (begin == Sums::go_on)
        for_each(group.vectors, [&](int v) EVENKEEL_UNROLLED { sums[0][v] = group.load(d, y, v); });
    const auto add = [&](auto& chain, V value, std::int64_t place) EVENKEEL_UNROLLED {
        const float* row = matrix + place * stride;
        for_each(group.vectors,
                 [&](int v) EVENKEEL_UNROLLED { chain[v] = hn::MulAdd(value, group.load(d, row, v), chain[v]); });
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
    for_each(group.vectors, [&](int v) EVENKEEL_UNROLLED {
        for (int k = 1; k < chains; ++k) sums[0][v] = hn::Add(sums[0][v], sums[k][v]);
        group.store(d, sums[0][v], y, v);
    });
}

// Each walk along x ends where no branch predictor knows, so groups are as wide as can be.
void SparseProduct(const SparseView& x, std::int64_t n, const float* matrix, std::int64_t stride, Sums sums, float* y) {
    for_column_groups<8>(n, [=, &x](const auto& group, std::int64_t c)
                                HWY_ATTR { sum_columns(x, group, matrix + c, stride, sums, y + c); });
}

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace evenkeel::kernels {

HWY_EXPORT(SparseProduct);

void sparse_product(const SparseView& x, std::int64_t n, const float* matrix, std::int64_t stride, Sums sums,
                    float* y) {
    HWY_DYNAMIC_DISPATCH(SparseProduct)(x, n, matrix, stride, sums, y);
}

}  // namespace evenkeel::kernels
#endif
