#include "kernels/squeeze.hpp"

#include "kernels/with_vbmi2.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/squeeze.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "kernels/gather-inl.h"
#include "kernels/transpose-inl.h"

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

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

// Table lookups that move 16 bytes back by 0 to 8 places; what comes before them becomes zero.
struct MovesBack {
    alignas(64) std::uint8_t by[9][16] = {};
    constexpr MovesBack() {
        for (int places = 0; places < 9; ++places) {
            for (int i = 0; i < 16; ++i) by[places][i] = static_cast<std::uint8_t>(i < places ? 0x80 : i - places);
        }
    }
};
constexpr MovesBack moves_back;

// Values and places of x's numbers that are not zero; what a vector leaves behind them is overwritten by the next one. No branch
// asks whether a vector has any: in images that cannot be guessed.
HWY_INLINE std::int64_t squeeze_range(std::int64_t n, const float* HWY_RESTRICT x, float* values,
                                      std::uint8_t* places) {
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

#if HWY_TARGET == HWY_AVX3_DL
HWY_INLINE std::int64_t squeeze_range(std::int64_t n, const std::uint8_t* HWY_RESTRICT x, std::uint8_t* values,
                                      std::uint8_t* places) {
    const hn::ScalableTag<std::uint8_t> d;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    std::int64_t count = 0;
    for (std::int64_t c = 0; c < n; c += lanes) {
        const auto v = hn::MaskedLoad(hn::FirstN(d, static_cast<std::size_t>(n - c)), d, x + c);
        const auto kept = hn::Ne(v, hn::Zero(d));
        hn::StoreU(hn::Compress(v, kept), d, values + count);
        hn::StoreU(hn::Compress(hn::Iota(d, static_cast<std::uint8_t>(c)), kept), d, places + count);
        count += static_cast<std::int64_t>(hn::CountTrue(d, kept));
    }
    return count;
}
#else
HWY_INLINE std::int64_t squeeze_range(std::int64_t n, const std::uint8_t* HWY_RESTRICT x, std::uint8_t* values,
                                      std::uint8_t* places) {
    std::int64_t count = 0, c = 0;
#if HWY_TARGET != HWY_SCALAR
    const hn::FixedTag<std::uint8_t, 16> d;
    const hn::Half<decltype(d)> half;
    for (; c + 16 <= n; c += 16) {
        const auto v = hn::LoadU(d, x + c);
        std::uint8_t bits[8];
        hn::StoreMaskBits(d, hn::Not(hn::Eq(v, hn::Zero(d))), bits);
        const auto low = hn::ZeroExtendVector(d, hn::LoadU(half, places_of_bits.of[bits[0]]));
        const auto high = hn::ZeroExtendVector(d, hn::LoadU(half, places_of_bits.of[bits[1]]));
        const std::size_t lows = hwy::PopCount(bits[0]);
        const auto behind = hn::Load(d, moves_back.by[lows]);
        const auto kept = hn::Or(low, hn::TableLookupBytesOr0(hn::Add(high, hn::Set(d, 8)), behind));
        hn::StoreU(hn::TableLookupBytes(v, kept), d, values + count);
        hn::StoreU(hn::Add(kept, hn::Set(d, static_cast<std::uint8_t>(c))), d, places + count);
        count += static_cast<std::int64_t>(lows + hwy::PopCount(bits[1]));
    }
#endif
    for (; c < n; ++c) {
        if (x[c] == 0) continue;
        values[count] = x[c];
        places[count++] = static_cast<std::uint8_t>(c);
    }
    return count;
}
#endif

HWY_INLINE float scale_of(const GatherSource& s) {
    return s.scale != nullptr ? s.scale[0] : 1.0F;
}

// Lines that lie `stride` apart, n numbers long but the last, which is shorter if all together have no more.
struct Lines {
    std::int64_t stride, n, numbers;
};

// Bytes wait to become floats until all lines are squeezed, as only the few that are not zero need to: so many at most.
constexpr std::int64_t most_bytes = 16 * most_places;

// Squeezes lines of x one behind another: views[i · apart] is line i. Returns how many of their numbers are not zero.
template <typename T>
HWY_INLINE std::int64_t squeeze_lines(const Lines& lines, const T* x, float scale, float* values, std::uint8_t* places,
                                      SparseView* views, std::int64_t apart) {
    const hn::ScalableTag<float> d;
    static_assert(HWY_MAX_BYTES <= squeeze_margin);
    constexpr bool widens = sizeof(T) < sizeof(float);
    T room[widens ? most_bytes + squeeze_margin : 1];
    T* squeezed = room;
    if constexpr (!widens) squeezed = values;
    std::int64_t numbers = 0;
    for (std::int64_t left = lines.numbers; left > 0; left -= lines.n, x += lines.stride, views += apart) {
        const std::int64_t count = squeeze_range(HWY_MIN(left, lines.n), x, squeezed + numbers, places + numbers);
        *views = {count, values + numbers, places + numbers};
        numbers += count;
    }
    for (std::int64_t i = 0; i < numbers; i += static_cast<std::int64_t>(hn::Lanes(d)))
        hn::StoreU(hn::Mul(load_as_float(d, squeezed + i), hn::Set(d, scale)), d, values + i);
    return numbers;
}

template <typename T>
HWY_INLINE std::int64_t squeeze_ranges(float scale, std::int64_t features, const T* row, std::int64_t range,
                                       float* values, std::uint8_t* places, SparseView* views, std::int64_t apart) {
    constexpr std::int64_t ranges = most_bytes / most_places;  // at once
    std::int64_t numbers = 0;
    for (std::int64_t first = 0; first < features; first += ranges * range, views += ranges * apart) {
        numbers += squeeze_lines({range, range, HWY_MIN(ranges * range, features - first)}, row + first, scale,
                                 values + numbers, places + numbers, views, apart);
    }
    return numbers;
}

template <typename T>
HWY_INLINE std::int64_t squeeze_turned(const GatherSource& s, const T* x, std::int64_t first, std::int64_t end,
                                       std::int64_t begin, std::int64_t rows_end, float* values, std::uint8_t* places,
                                       SparseView* views) {
    const std::int64_t rows = rows_end - begin;
    const T* at[most_places];
    for (std::int64_t r = 0; r < rows; ++r) at[r] = x + s.row(begin + r) * s.features;
    alignas(64) T lines[tile<T> * most_places];
    const float scale = scale_of(s);
    std::int64_t numbers = 0;
    for (std::int64_t c = first; c < end; c += tile<T>) {
        const std::int64_t width = HWY_MIN(tile<T>, end - c);
        std::int64_t r = 0;
        if (width == tile<T>) {
            for (; r + tile<T> <= rows; r += tile<T>)
                transpose_tile([=, &at](std::int64_t i) HWY_ATTR { return at[r + i] + c; }, lines + r, most_places);
        }
        for (; r < rows; ++r) {
            for (std::int64_t i = 0; i < width; ++i) lines[i * most_places + r] = at[r][c + i];
        }
        numbers += squeeze_lines({most_places, rows, width * rows}, lines, scale, values + numbers, places + numbers,
                                 views + (c - first), 1);
    }
    return numbers;
}

std::int64_t Squeeze(std::int64_t n, const float* x, float* values, std::uint8_t* places) {
    return squeeze_range(n, x, values, places);
}

std::int64_t SqueezeRow(const GatherSource& s, std::int64_t r, std::int64_t range, float* values, std::uint8_t* places,
                        SparseView* views, std::int64_t apart) {
    const float scale = scale_of(s);
    const std::int64_t at = s.row(r) * s.features;
    return s.bytes != nullptr ? squeeze_ranges(scale, s.features, s.bytes + at, range, values, places, views, apart)
                              : squeeze_ranges(scale, s.features, s.floats + at, range, values, places, views, apart);
}

std::int64_t SqueezeColumns(const GatherSource& s, std::int64_t first, std::int64_t end, std::int64_t begin,
                            std::int64_t rows_end, float* values, std::uint8_t* places, SparseView* views) {
    return s.bytes != nullptr ? squeeze_turned(s, s.bytes, first, end, begin, rows_end, values, places, views)
                              : squeeze_turned(s, s.floats, first, end, begin, rows_end, values, places, views);
}

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace evenkeel::kernels {

HWY_EXPORT(Squeeze);
HWY_EXPORT(SqueezeRow);
HWY_EXPORT(SqueezeColumns);

std::int64_t squeeze(std::int64_t n, const float* x, float* values, std::uint8_t* places) {
    return HWY_DYNAMIC_DISPATCH(Squeeze)(n, x, values, places);
}

std::int64_t squeeze_row(const GatherSource& source, std::int64_t r, std::int64_t range, float* values,
                         std::uint8_t* places, SparseView* views, std::int64_t apart) {
    return HWY_DYNAMIC_DISPATCH(SqueezeRow)(source, r, range, values, places, views, apart);
}

std::int64_t squeeze_columns(const GatherSource& source, std::int64_t first, std::int64_t end, std::int64_t begin,
                             std::int64_t rows_end, float* values, std::uint8_t* places, SparseView* views) {
    return HWY_DYNAMIC_DISPATCH(SqueezeColumns)(source, first, end, begin, rows_end, values, places, views);
}

}  // namespace evenkeel::kernels
#endif
