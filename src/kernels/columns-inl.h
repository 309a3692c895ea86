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

#include "kernels/number-inl.h"

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

/// Rows and vectors of columns of a tile, within which a column's numbers (shift and sums, or coefficients: three each) stay in
/// registers. Of 32 registers that take a line of memory each, 24 hold eight columns' numbers while rows go by in the order of
/// memory. Of 16 that take half a line, one column's, and few rows: lines, each touched twice, would be gone from L1 before
/// their second half's turn.
constexpr int rows_of_tile = HWY_MAX_BYTES >= 64 ? 64 : 4;
constexpr int vectors_of_tile = HWY_MAX_BYTES >= 64 ? 8 : 1;

/// Calls body(d, c, vectors) for groups of columns that cover [0, columns) once, `vectors` of them (a compile-time number) from
/// column c on: as many groups of kVectors as fit, then one of less, then quarters and single columns. for_columns would part
/// them into the same vectors.
template <int kVectors = vectors_of_tile, class Body>
HWY_INLINE void for_vectors(std::int64_t columns, const Body& body, std::int64_t first = 0) {
    if constexpr (kVectors > 0) {
        const hn::ScalableTag<float> d;
        const std::int64_t step = kVectors * static_cast<std::int64_t>(hn::Lanes(d));
        for (; first + step <= columns; first += step) body(d, first, std::integral_constant<int, kVectors>());
        for_vectors<kVectors - 1>(columns, body, first);
    } else {
        for_columns(columns - first,
                    [&](auto d, std::int64_t c) HWY_ATTR { body(d, first + c, std::integral_constant<int, 1>()); });
    }
}

/// Calls body(d, c, vectors, row, count) for tiles that cover [0, rows) × [0, columns) once: `count` rows from `row` on (a
/// compile-time number but for the last ones), and vectors as above. What a body captures it should capture by value: a store
/// might change what a reference refers to, and all would be loaded again behind each.
template <class Body>
HWY_INLINE void for_tiles(std::int64_t rows, std::int64_t columns, const Body& body) {
    std::int64_t row = 0;
    for (; row + rows_of_tile <= rows; row += rows_of_tile) {
        for_vectors(columns, [=](auto d, std::int64_t c, auto vectors)
                                 HWY_ATTR { body(d, c, vectors, row, std::integral_constant<int, rows_of_tile>()); });
    }
    if (row == rows) return;
    for_vectors(columns, [=, rest = static_cast<int>(rows - row)](auto d, std::int64_t c, auto vectors)
                             HWY_ATTR { body(d, c, vectors, row, rest); });
}

/// Whether rows of so many columns are one tile wide, so that tiles go through memory in its order.
HWY_INLINE bool is_one_tile(std::int64_t columns) {
    return columns <= vectors_of_tile * static_cast<std::int64_t>(hn::Lanes(hn::ScalableTag<float>()));
}

/// Calls body(r) for each row r of a tile, unrolled where they are few; the body as above.
template <class Count, class Body>
HWY_INLINE void for_rows(Count count, const Body& body) {
    if constexpr (rows_of_tile <= 4 && !std::is_same_v<Count, int>) {
        for_each(count, body);
    } else {
        for (int r = 0; r < count; ++r) body(r);
    }
}

/// How many streams are fastest (measured on Zen 5 and Zen 3): of each matrix whose sums are taken, and where two matrices make
/// one that goes past the caches.
constexpr int streams_of_moments = HWY_MAX_BYTES >= 64 ? 1 : 4;
constexpr int streams_of_backward = HWY_MAX_BYTES >= 64 ? 1 : 2;

/// Asks for what comes two pages later in a stream from memory, or, of two with AVX-512, one page later: prefetchers stop at a
/// page's end and alone leave a sixth of memory's speed unused (Zen 3).
template <class... Pointers>
HWY_INLINE void ask_ahead(const Pointers*... streams) {
    constexpr std::int64_t floats = HWY_MAX_BYTES >= 64 && sizeof...(streams) > 1 ? 1024 : 2048;
    (hwy::Prefetch(streams + floats), ...);
}

/// Calls body(r, pitch, count) for groups of rows r, r + pitch, … (`count` of them, a compile-time number) that cover
/// [0, rows) once. Rows of a group lie apart: each of kCount streams runs through its own part of the rows in the order of
/// memory. Prefetchers follow that; rows of 4 KiB side by side they do not, at half the speed.
template <int kCount, class Body>
HWY_INLINE void for_streams(std::int64_t rows, const Body& body) {
    const std::int64_t pitch = rows / kCount;
    for (std::int64_t r = 0; r < pitch; ++r) body(r, pitch, std::integral_constant<int, kCount>());
    for (std::int64_t r = pitch * kCount; r < rows; ++r) body(r, pitch, std::integral_constant<int, 1>());
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
/// row·channels + c. kStreams rows that lie apart take turns, a few lines of memory each. A line that another row's stores part,
/// because a vector is less than a line, would be sent away half full, at half the speed.
template <int kStreams, class Work>
HWY_INLINE void stream_rows(std::int64_t rows, std::int64_t channels, std::int64_t columns, const Work& work) {
    constexpr std::int64_t turn = 128;
    for_streams<kStreams>(rows, [=](std::int64_t row, std::int64_t pitch, auto count) HWY_ATTR {
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
