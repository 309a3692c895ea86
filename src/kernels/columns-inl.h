// Per-target helper: walks the columns of a row-major matrix in vectors, then in quarters, then one by one,
// so that no load ever reaches past a row's end. Included once per instruction set (Highway's convention for
// "-inl.h").
#if defined(EVENKEEL_KERNELS_COLUMNS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EVENKEEL_KERNELS_COLUMNS_INL_H_
#undef EVENKEEL_KERNELS_COLUMNS_INL_H_
#else
#define EVENKEEL_KERNELS_COLUMNS_INL_H_
#endif

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>
#include <type_traits>

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Calls body(d, c) for column groups [c, c + Lanes(d)) that cover [0, columns) once. Which group a column
/// falls into depends on `columns` only.
template <class Body>
HWY_INLINE void for_columns(std::int64_t columns, const Body& body) {
    const hn::ScalableTag<float> full;
    const hn::CappedTag<float, 4> quarter;
    const hn::CappedTag<float, 1> one;
    std::int64_t c = 0;
    for (const auto step = static_cast<std::int64_t>(hn::Lanes(full)); c + step <= columns; c += step) body(full, c);
    for (const auto step = static_cast<std::int64_t>(hn::Lanes(quarter)); c + step <= columns; c += step)
        body(quarter, c);
    for (; c < columns; ++c) body(one, c);
}

/// Calls body(dd, i) for double vectors that cover [0, count) once, whole ones first.
template <class Body>
HWY_INLINE void for_doubles(std::int64_t count, const Body& body) {
    const hn::ScalableTag<double> full;
    const hn::CappedTag<double, 1> one;
    std::int64_t i = 0;
    for (const auto step = static_cast<std::int64_t>(hn::Lanes(full)); i + step <= count; i += step) body(full, i);
    for (; i < count; ++i) body(one, i);
}

/// Lanes(dd) floats at p, as doubles.
template <class DD>
HWY_INLINE hn::Vec<DD> load_as_doubles(DD dd, const float* p) {
    const hn::Rebind<float, DD> df;
    return hn::PromoteTo(dd, hn::LoadU(df, p));
}

/// Float sums take in at most this many rows before doubles take over: their rounding stays near 64·2⁻²⁴.
constexpr std::int64_t rows_per_sum = 64;

/// Columns that are worked on at once: what is kept for each lies on the stack and, of a thousand or two, in L1. Longer rows are
/// worked on in parts, and parts of 4 KiB that lie apart come from memory at two thirds of the speed of rows that do not.
constexpr std::int64_t columns_at_once = 4096;

/// Rows of a block that is in cache, worked on together: a column's scale and sums stay in registers meanwhile. Few where a
/// vector is but half a line of memory: many lines, each touched twice, are gone from L1 before their second half's turn.
constexpr int rows_in_cache = HWY_MAX_BYTES >= 64 ? 16 : 4;

/// Asks for what comes two pages later in streams from memory: prefetchers stop at a page's end and alone leave a sixth of
/// memory's speed unused (Zen 3).
template <class... Pointers>
HWY_INLINE void ask_ahead(const Pointers*... streams) {
    constexpr std::int64_t floats = 2048;
    (hwy::Prefetch(streams + floats), ...);
}

/// Calls body(r, pitch, count) for groups of rows r, r + pitch, … (`count` of them, a compile-time number) that cover
/// [0, rows) once: what is loaded for one row (scales, sums) serves kCount rows. Rows of a group lie side by side, or
/// `apart`: then each of kCount streams runs through its own part of the rows in the order of memory. Prefetchers follow
/// that; rows of 4 KiB side by side they do not, at half the speed.
template <int kCount, class Body>
HWY_INLINE void for_rows(std::int64_t rows, bool apart, const Body& body) {
    const std::int64_t groups = rows / kCount, pitch = apart ? groups : 1, step = apart ? 1 : kCount;
    for (std::int64_t g = 0; g < groups; ++g) body(g * step, pitch, std::integral_constant<int, kCount>());
    const std::int64_t rest = groups * kCount;
    if (!apart && rest < rows) return body(rest, pitch, static_cast<int>(rows - rest));
    for (std::int64_t r = rest; r < rows; ++r) body(r, pitch, std::integral_constant<int, 1>());
}

/// Stores v at p, past the caches where `kStream` and the vector is a whole one (p is then on its boundary).
template <bool kStream, class D>
HWY_INLINE void store(hn::Vec<D> v, D d, float* p) {
    if constexpr (kStream && hn::MaxLanes(D()) == hn::MaxLanes(hn::ScalableTag<float>())) {
        hn::Stream(v, d, p);
    } else {
        hn::StoreU(v, d, p);
    }
}

/// Numbers of columns_at_once columns that begin where a page begins, for stream_rows. Placed elsewhere they cost up to a third
/// of the speed (Zen 3): a load waits for an earlier store to the same place of another page, and those past the caches are slow.
struct ColumnPage {
    alignas(4096) float at[columns_at_once];
};

/// Rows of results on their way past the caches: calls work(d, c, at) for every vector of [0, rows) × [0, columns) once, at =
/// row·channels + c. Two rows that lie apart take turns, a few lines of memory each. A line that another row's stores part,
/// because a vector is less than a line, would be sent away half full, at half the speed.
template <class Work>
HWY_INLINE void stream_rows(std::int64_t rows, std::int64_t channels, std::int64_t columns, const Work& work) {
    constexpr std::int64_t turn = 128;
    for_rows<2>(rows, true, [=](std::int64_t row, std::int64_t pitch, auto count) HWY_ATTR {
        for (std::int64_t first = 0; first < columns; first += turn) {
            const std::int64_t n = std::min(turn, columns - first);
            for (int i = 0; i < count; ++i) {
                const std::int64_t begin = (row + i * pitch) * channels;
                for_columns(n, [=](auto d, std::int64_t c) HWY_ATTR { work(d, first + c, begin + first + c); });
            }
        }
    });
}

/// Whether every whole vector of every row of y starts on a vector's boundary, as storing past the caches asks.
HWY_INLINE bool on_boundaries(const float* y, std::int64_t channels) {
    const std::size_t bytes = hn::Lanes(hn::ScalableTag<float>()) * sizeof(float);
    return reinterpret_cast<std::uintptr_t>(y) % bytes == 0 &&
           static_cast<std::size_t>(channels) * sizeof(float) % bytes == 0;
}

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#endif
