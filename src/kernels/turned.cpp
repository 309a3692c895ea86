#include "kernels/turned.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/turned.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include <algorithm>

#include "kernels/column_groups-inl.h"
#include "kernels/gather-inl.h"
#include "kernels/transpose-inl.h"

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

constexpr std::int64_t features_apart(std::int64_t features) {
    return features_of_three * threes_of(features) * rows_of_tile;
}

// lines[f·16 + i] is feature f of the tile's row i. Beyond the last feature there are zeros; beyond the last row whatever row(i) is.
template <typename T, class Row>
HWY_INLINE void turn_lines(std::int64_t features, const Row& row, T* HWY_RESTRICT lines) {
    std::int64_t f = 0;
    for (; f + tile<T> <= features; f += tile<T>) {
        for (std::int64_t i = 0; i < rows_of_tile; i += tile<T>) {
            transpose_tile([=](std::int64_t k) HWY_ATTR { return row(i + k) + f; }, lines + f * rows_of_tile + i,
                           rows_of_tile);
        }
    }
    for (; f < features; ++f) {
        for (std::int64_t i = 0; i < rows_of_tile; ++i) lines[f * rows_of_tile + i] = row(i)[f];
    }
    std::fill(lines + features * rows_of_tile, lines + features_apart(features), T{0});
}

// bits[f]: which of a line's sixteen numbers are not zero. A −0.0 may count as one, a NaN does. Whole vectors from line f on; returns
// where it stopped.
template <class D, typename Word = hn::TFromD<D>>
HWY_INLINE std::int64_t nonzeros_of_lines(D d, std::int64_t f, std::int64_t lines, const Word* words,
                                          std::uint16_t* bits) {
    constexpr auto lanes = static_cast<std::int64_t>(hn::MaxLanes(D()));
    if constexpr (lanes >= rows_of_tile) {
        for (; f + lanes / rows_of_tile <= lines; f += lanes / rows_of_tile) {
            const auto v = hn::LoadU(d, words + f * rows_of_tile);
            hn::StoreMaskBits(d, hn::Ne(v, hn::Zero(d)), reinterpret_cast<std::uint8_t*>(bits + f));
        }
    }
    return f;
}

template <typename T>
HWY_INLINE void nonzeros_of_lines(std::int64_t lines, const T* numbers, std::uint16_t* bits) {
    using Word = hwy::MakeUnsigned<T>;
    const auto* words = reinterpret_cast<const Word*>(numbers);
    std::int64_t f = nonzeros_of_lines(hn::ScalableTag<Word>(), 0, lines, words, bits);
    f = nonzeros_of_lines(hn::CappedTag<Word, rows_of_tile>(), f, lines, words, bits);
    for (; f < lines; ++f) {
        unsigned mask = 0;
        for (unsigned i = 0; i < rows_of_tile; ++i) mask |= (numbers[f * rows_of_tile + i] != 0 ? 1U : 0U) << i;
        bits[f] = static_cast<std::uint16_t>(mask);
    }
}

// Masks of the rows in `real`. Returns how many bits they have.
template <typename T>
HWY_INLINE std::int64_t mask_threes(std::int64_t threes, const T* lines, unsigned real, std::uint16_t* masks) {
    constexpr std::int64_t most = 64;  // threes at once
    std::uint16_t bits[most * features_of_three];
    std::int64_t count = 0;
    for (std::int64_t first = 0; first < threes; first += most) {
        const std::int64_t n = HWY_MIN(most, threes - first);
        nonzeros_of_lines(n * features_of_three, lines + first * features_of_three * rows_of_tile, bits);
        for (std::int64_t k = 0; k < n; ++k) {
            const std::uint16_t* of = bits + k * features_of_three;
            const unsigned mask = (of[0] | of[1] | of[2]) & real;
            masks[first + k] = static_cast<std::uint16_t>(mask);
            count += static_cast<std::int64_t>(hwy::PopCount(mask));
        }
    }
    return count;
}

HWY_INLINE void scale_lines(float, std::int64_t, std::uint8_t*) {}  // when they become floats
HWY_INLINE void scale_lines(float scale, std::int64_t n, float* lines) {
    const hn::CappedTag<float, rows_of_tile> d;
    for (std::int64_t i = 0; i < n; i += static_cast<std::int64_t>(hn::Lanes(d)))
        hn::StoreU(hn::Mul(hn::LoadU(d, lines + i), hn::Set(d, scale)), d, lines + i);
}

template <typename T>
HWY_INLINE std::int64_t turn(const GatherSource& s, const T* x, std::int64_t begin, std::int64_t rows, float scale,
                             T* lines, std::uint16_t* masks) {
    const T* at[rows_of_tile];
    for (std::int64_t i = 0; i < rows_of_tile; ++i) at[i] = x + s.row(begin + (i < rows ? i : 0)) * s.features;
    turn_lines(
        s.features, [&at](std::int64_t i) HWY_ATTR { return at[i]; }, lines);
    scale_lines(scale, features_apart(s.features), lines);
    return mask_threes(threes_of(s.features), lines, (1U << rows) - 1, masks);
}

std::int64_t TurnTile(const GatherSource& s, std::int64_t rows, std::int64_t tile, const TurnedRows& to) {
    const std::int64_t begin = tile * rows_of_tile, count = HWY_MIN(rows - begin, rows_of_tile);
    const std::int64_t at = tile * features_apart(s.features);
    std::uint16_t* masks = to.masks + tile * threes_of(s.features);
    return s.bytes != nullptr ? turn(s, s.bytes, begin, count, to.scale, to.bytes + at, masks)
                              : turn(s, s.floats, begin, count, to.scale, to.floats + at, masks);
}

template <typename T>
HWY_INLINE std::int64_t count(std::int64_t n, const T* x) {
    const hn::ScalableTag<T> d;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    std::int64_t zeros = 0, i = 0;
    for (; i + lanes <= n; i += lanes)
        zeros += static_cast<std::int64_t>(hn::CountTrue(d, hn::Eq(hn::LoadU(d, x + i), hn::Zero(d))));
    for (; i < n; ++i) zeros += x[i] == 0 ? 1 : 0;
    return n - zeros;
}

std::int64_t CountNonzeros(const GatherSource& s, std::int64_t r) {
    const std::int64_t at = s.row(r) * s.features;
    return s.bytes != nullptr ? count(s.features, s.bytes + at) : count(s.features, s.floats + at);
}

// Rows whose mask fills a word.
constexpr std::int64_t most_rows_at_once = 64, tiles_at_once = most_rows_at_once / rows_of_tile;

// Three features of up to 64 rows: which rows have one that is not zero, and all of the rows' numbers.
struct Three {
    HWY_ALIGN float numbers[features_of_three][most_rows_at_once];

    HWY_INLINE std::uint64_t read(const TurnedRows& x, std::int64_t tile, std::int64_t tiles, std::int64_t three) {
        const std::uint16_t* masks = x.masks + tile * threes_of(x.features) + three;
        std::uint64_t mask = 0;
        for (std::int64_t t = 0; t < tiles; ++t)
            mask |= std::uint64_t{masks[t * threes_of(x.features)]} << (t * rows_of_tile);
        if (mask == 0) return 0;
        const std::int64_t apart = features_apart(x.features);
        const std::int64_t at = tile * apart + three * features_of_three * rows_of_tile;
        x.bytes != nullptr ? convert(x.bytes + at, apart, tiles, x.scale) : convert(x.floats + at, apart, tiles, 1);
        return mask;
    }

  private:
    template <typename T>
    HWY_INLINE void convert(const T* lines, std::int64_t apart, std::int64_t tiles, float scale) {
        const hn::CappedTag<float, rows_of_tile> d;
        const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
        for (std::int64_t t = 0; t < tiles; ++t, lines += apart) {
            for (std::int64_t f = 0; f < features_of_three; ++f) {
                for (std::int64_t i = 0; i < rows_of_tile; i += lanes) {
                    hn::Store(hn::Mul(load_as_float(d, lines + f * rows_of_tile + i), hn::Set(d, scale)), d,
                              numbers[f] + t * rows_of_tile + i);
                }
            }
        }
    }
};

HWY_INLINE std::int64_t take_lowest(std::uint64_t& mask) {
    const auto row = static_cast<std::int64_t>(hwy::Num0BitsBelowLS1Bit_Nonzero64(mask));
    mask &= mask - 1;
    return row;
}

// Three rows of a matrix beside one another, in the registers of three times so many vectors.
constexpr int most_vectors = HWY_TARGET <= HWY_AVX3 ? 8 : 4;
constexpr std::int64_t most_floats = most_vectors * hn::MaxLanes(hn::ScalableTag<float>());
constexpr Number<features_of_three> three_features;

// Rows of a matrix that begin at a three's first feature. Where the last three has fewer features, what it lacks is a row elsewhere.
template <typename T>
struct ThreeRows {
    T* at[features_of_three];

    HWY_INLINE ThreeRows(T* matrix, std::int64_t stride, std::int64_t rows, T* elsewhere) {
        for (std::int64_t f = 0; f < features_of_three; ++f) at[f] = f < rows ? matrix + f * stride : elsewhere;
    }
};

// sums[r·stride + j] += Σ_f numbers[f][r]·w[f, j] for the rows of the mask: three rows of w stay in registers.
template <int kVectors, class Last, class InSums>
HWY_INLINE void add_three(std::uint64_t mask, const Three& three, const ThreeRows<const float>& w,
                          const ColumnGroup<kVectors, Last>& group, const ColumnGroup<kVectors, InSums>& in_sums,
                          std::int64_t stride, float* sums) {
    const hn::ScalableTag<float> d;
    using V = hn::Vec<decltype(d)>;
    V rows[features_of_three][kVectors];
    for_each(three_features, [&](int f) EVENKEEL_UNROLLED {
        for_each(group.vectors, [&, f](int v) EVENKEEL_UNROLLED { rows[f][v] = group.load(d, w.at[f], v); });
    });
    do {
        const std::int64_t r = take_lowest(mask);
        V x[features_of_three];
        for_each(three_features, [&](int f) EVENKEEL_UNROLLED { x[f] = hn::Set(d, three.numbers[f][r]); });
        float* to = sums + r * stride;
        for_each(group.vectors, [&](int v) EVENKEEL_UNROLLED {
            V sum = in_sums.load(d, to, v);
            for_each(three_features, [&](int f) EVENKEEL_UNROLLED { sum = hn::MulAdd(x[f], rows[f][v], sum); });
            in_sums.store(d, sum, to, v);
        });
    } while (mask != 0);
}

// What product_of_rows makes of a group of columns.
template <int kVectors, class Last, class InSums>
HWY_INLINE void add_share(const TurnedRows& x, std::int64_t tile, std::int64_t rows, const Share& share, std::int64_t n,
                          const float* matrix, const ColumnGroup<kVectors, Last>& group,
                          const ColumnGroup<kVectors, InSums>& in_sums, std::int64_t stride, float* sums) {
    HWY_ALIGN const float none[most_floats] = {};
    Three three;
    for (std::int64_t first = share.index * share.features; first < x.features; first += share.of * share.features) {
        const std::int64_t end = HWY_MIN(first + share.features, x.features);
        for (std::int64_t f = first; f < end; f += features_of_three) {
            const std::uint64_t mask = three.read(x, tile, tiles_of(rows), f / features_of_three);
            if (mask == 0) continue;
            add_three(mask, three, ThreeRows(matrix + f * n, n, x.features - f, none), group, in_sums, stride, sums);
        }
    }
}

// Y of up to 64 rows. Where rows of y are not whole vectors, sums stand in room of their own until all are complete: a row that ended
// within a vector would share it with the next row, whose sums would wait for those before them to be written.
HWY_INLINE void product_of_rows(const TurnedRows& x, std::int64_t tile, std::int64_t rows, const Share& share,
                                std::int64_t n, const float* matrix, float* y) {
    const hn::ScalableTag<float> d;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    if (n % lanes == 0) {
        std::fill_n(y, rows * n, 0.0F);
        for_column_groups<most_vectors>(n, [=, &x, &share](const auto& group, std::int64_t c) HWY_ATTR {
            add_share(x, tile, rows, share, n, matrix + c, group, group, n, y + c);
        });
        return;
    }
    const auto sum_group = [=, &x, &share]<int kVectors, class Last>(const ColumnGroup<kVectors, Last>& group,
                                                                     std::int64_t c) HWY_ATTR {
        const ColumnGroup<kVectors, AllOfVector> in_sums{};
        HWY_ALIGN float sums[most_rows_at_once * kVectors * hn::MaxLanes(d)];
        const std::int64_t stride = kVectors * lanes;
        std::fill_n(sums, rows * stride, 0.0F);
        add_share(x, tile, rows, share, n, matrix + c, group, in_sums, stride, sums);
        for (std::int64_t r = 0; r < rows; ++r) {
            for_each(group.vectors, [&](int v) EVENKEEL_UNROLLED {
                group.store(d, in_sums.load(d, sums + r * stride, v), y + r * n + c, v);
            });
        }
    };
    for_column_groups<most_vectors>(n, sum_group);
}

void TurnedProduct(const TurnedRows& x, std::int64_t begin, std::int64_t end, const Share& share, std::int64_t n,
                   const float* matrix, float* y) {
    for (std::int64_t r = begin; r < end; r += most_rows_at_once) {
        product_of_rows(x, r / rows_of_tile, HWY_MIN(most_rows_at_once, end - r), share, n, matrix,
                        y + (r - begin) * n);
    }
}

// GCC would rather load a vector of dz for each of its three products.
template <class V>
HWY_INLINE void keep_in_register([[maybe_unused]] V& v) {
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_SSSE3
    asm("" : "+v"(v.raw));
#endif
}

// sums[f][j] += Σ_r numbers[f][r]·dz[r, j] for a three of the part. Returns whether a row has one of its features.
template <int kVectors, class Last>
HWY_INLINE bool sum_three(const TurnedRows& x, const TurnedPart& part, std::int64_t three_index, std::int64_t n,
                          const float* dz, const ColumnGroup<kVectors, Last>& group,
                          hn::Vec<hn::ScalableTag<float>> (&sums)[features_of_three][kVectors]) {
    const hn::ScalableTag<float> d;
    using V = hn::Vec<decltype(d)>;
    const std::int64_t end = tiles_of(part.rows_end);
    Three three;
    bool any = false;
    for (std::int64_t tile = part.begin / rows_of_tile; tile < end; tile += tiles_at_once) {
        std::uint64_t mask = three.read(x, tile, HWY_MIN(tiles_at_once, end - tile), three_index);
        any = any || mask != 0;
        const float* rows = dz + tile * rows_of_tile * n;
        while (mask != 0) {
            const std::int64_t r = take_lowest(mask);
            V numbers[features_of_three];
            for_each(three_features, [&](int f) EVENKEEL_UNROLLED { numbers[f] = hn::Set(d, three.numbers[f][r]); });
            for_each(group.vectors, [&](int v) EVENKEEL_UNROLLED {
                V row = group.load(d, rows + r * n, v);
                keep_in_register(row);
                for_each(three_features,
                         [&, v](int f) EVENKEEL_UNROLLED { sums[f][v] = hn::MulAdd(numbers[f], row, sums[f][v]); });
            });
        }
    }
    return any;
}

// Calls store(group, rows of `to`, sums) for each three of a part: what was begun, plus what the part adds. Where that is nothing at
// all, only if zeros are wanted.
template <bool kWantsZeros, class Store>
HWY_INLINE void sum_part(const TurnedRows& x, const TurnedPart& part, std::int64_t n, const float* dz,
                         const float* begun, float* to, const Store& store) {
    const hn::ScalableTag<float> d;
    HWY_ALIGN float elsewhere[most_floats] = {};
    HWY_ALIGN const float none[most_floats] = {};
    const auto sum_group = [=, &x, &part, &elsewhere, &none]<int kVectors, class Last>(
                               const ColumnGroup<kVectors, Last>& group, std::int64_t c) HWY_ATTR {
        for (std::int64_t f = part.first; f < part.end; f += features_of_three) {
            const std::int64_t at = (f - part.first) * n + c;
            hn::Vec<decltype(d)> sums[features_of_three][kVectors];
            const bool begins = begun == nullptr;
            const ThreeRows<const float> from(begins ? none : begun + at, begins ? 0 : n, part.end - f, none);
            for_each(three_features, [&](int k) EVENKEEL_UNROLLED {
                for_each(group.vectors, [&, k](int v) EVENKEEL_UNROLLED {
                    sums[k][v] = begins ? hn::Zero(d) : group.load(d, from.at[k], v);
                });
            });
            const bool any = sum_three(x, part, f / features_of_three, n, dz + c, group, sums);
            if (any || !begins || kWantsZeros) store(group, ThreeRows(to + at, n, part.end - f, +elsewhere), sums);
        }
    };
    for_column_groups<most_vectors>(n, sum_group);
}

void TurnedGradient(const TurnedRows& x, const TurnedPart& part, std::int64_t n, const float* dz, Sums sums,
                    float* gradient) {
    const hn::ScalableTag<float> d;
    sum_part<true>(x, part, n, dz, sums == Sums::go_on ? gradient : nullptr, gradient,
                   [=](const auto& group, const auto& rows, const auto& of) EVENKEEL_UNROLLED {
                       for_each(three_features, [&](int f) EVENKEEL_UNROLLED {
                           for_each(group.vectors,
                                    [&, f](int v) EVENKEEL_UNROLLED { group.store(d, of[f][v], rows.at[f], v); });
                       });
                   });
}

void TurnedDescent(const TurnedRows& x, const TurnedPart& part, std::int64_t n, const float* dz, const float* begun,
                   float rate, float* weights) {
    const hn::ScalableTag<float> d;
    sum_part<false>(x, part, n, dz, begun, weights,
                    [=](const auto& group, const auto& rows, const auto& of) EVENKEEL_UNROLLED {
                        for_each(three_features, [&](int f) EVENKEEL_UNROLLED {
                            for_each(group.vectors, [&, f](int v) EVENKEEL_UNROLLED {
                                const auto change = hn::Mul(hn::Set(d, rate), of[f][v]);
                                group.store(d, hn::Sub(group.load(d, rows.at[f], v), change), rows.at[f], v);
                            });
                        });
                    });
}

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace evenkeel::kernels {

HWY_EXPORT(TurnTile);
HWY_EXPORT(CountNonzeros);
HWY_EXPORT(TurnedProduct);
HWY_EXPORT(TurnedGradient);
HWY_EXPORT(TurnedDescent);

std::int64_t turn_tile(const GatherSource& source, std::int64_t rows, std::int64_t tile, const TurnedRows& to) {
    return HWY_DYNAMIC_DISPATCH(TurnTile)(source, rows, tile, to);
}

std::int64_t count_nonzeros(const GatherSource& source, std::int64_t r) {
    return HWY_DYNAMIC_DISPATCH(CountNonzeros)(source, r);
}

void turned_product(const TurnedRows& x, std::int64_t begin, std::int64_t end, const Share& share, std::int64_t n,
                    const float* matrix, float* y) {
    HWY_DYNAMIC_DISPATCH(TurnedProduct)(x, begin, end, share, n, matrix, y);
}

void turned_gradient(const TurnedRows& x, const TurnedPart& part, std::int64_t n, const float* dz, Sums sums,
                     float* gradient) {
    HWY_DYNAMIC_DISPATCH(TurnedGradient)(x, part, n, dz, sums, gradient);
}

void turned_descent(const TurnedRows& x, const TurnedPart& part, std::int64_t n, const float* dz, const float* begun,
                    float rate, float* weights) {
    HWY_DYNAMIC_DISPATCH(TurnedDescent)(x, part, n, dz, begun, rate, weights);
}

}  // namespace evenkeel::kernels
#endif
