#include "kernels/squeeze.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/squeeze.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// For each byte, the places of its set bits, one behind another; behind them zeros.
struct PlacesOfBits {
    alignas(64) std::uint8_t of[256][8] = {};
    constexpr PlacesOfBits() {
        for (int bits = 0; bits < 256; ++bits) {
            for (int place = 0, count = 0; place < 8; ++place)
                if ((bits >> place & 1) != 0) of[bits][count++] = static_cast<std::uint8_t>(place);
        }
    }
};
constexpr PlacesOfBits places_of_bits;

// Values and places of x's numbers that are not zero; what a vector leaves behind them is overwritten by the next one. No branch
// asks whether a vector has any: in images that cannot be guessed.
std::int64_t Squeeze(std::int64_t n, const float* HWY_RESTRICT x, float* values, std::uint8_t* places) {
    const hn::CappedTag<float, 8> d;
    const hn::Rebind<std::uint8_t, decltype(d)> du8;
    const hn::RebindToSigned<decltype(d)> di;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    std::int64_t count = 0, c = 0;
    for (; c + lanes <= n; c += lanes) {
        const auto v = hn::LoadU(d, x + c);
        std::uint8_t bits[8];
        hn::StoreMaskBits(d, hn::Not(hn::Eq(v, hn::Zero(d))), bits);  // Ne() takes a NaN for equal
        const auto kept = hn::LoadU(du8, places_of_bits.of[bits[0]]);
        const auto from = hn::IndicesFromVec(d, hn::PromoteTo(di, kept));
        hn::StoreU(hn::TableLookupLanes(v, from), d, values + count);
        hn::StoreU(hn::Add(kept, hn::Set(du8, static_cast<std::uint8_t>(c))), du8, places + count);
        count += static_cast<std::int64_t>(hwy::PopCount(bits[0]));
    }
    for (; c < n; ++c) {
        if (x[c] == 0) continue;
        values[count] = x[c];
        places[count++] = static_cast<std::uint8_t>(c);
    }
    return count;
}

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace evenkeel::kernels {

HWY_EXPORT(Squeeze);

std::int64_t squeeze(std::int64_t n, const float* x, float* values, std::uint8_t* places) {
    return HWY_DYNAMIC_DISPATCH(Squeeze)(n, x, values, places);
}

}  // namespace evenkeel::kernels
#endif
