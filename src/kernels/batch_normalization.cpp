#include "kernels/batch_normalization.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/batch_normalization.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "kernels/columns-inl.h"

#include <algorithm>
#include <limits>

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

// Of one column each. shift: a float near the mean.
struct ColumnSums {
    HWY_ALIGN float shift[columns_at_once];
    HWY_ALIGN float error[columns_at_once];    // Σ(x − shift)
    HWY_ALIGN float squares[columns_at_once];  // Σ(x − shift)²
};

// A float mean of some rows, to shift by. Four sums hide the latency of addition.
HWY_INLINE void find_shift(std::int64_t rows, std::int64_t channels, const float* HWY_RESTRICT x, std::int64_t columns,
                           ColumnSums& sums) {
    const float share = 1.0F / static_cast<float>(rows);
    for_columns(columns, [&](auto d, std::int64_t c) HWY_ATTR {
        auto s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
        std::int64_t r = 0;
        for (; r + 4 <= rows; r += 4) {
            const float* p = x + r * channels + c;
            s0 = hn::Add(s0, hn::LoadU(d, p));
            s1 = hn::Add(s1, hn::LoadU(d, p + channels));
            s2 = hn::Add(s2, hn::LoadU(d, p + 2 * channels));
            s3 = hn::Add(s3, hn::LoadU(d, p + 3 * channels));
        }
        for (; r < rows; ++r) s0 = hn::Add(s0, hn::LoadU(d, x + r * channels + c));
        hn::StoreU(hn::Mul(hn::Add(hn::Add(s0, s1), hn::Add(s2, s3)), hn::Set(d, share)), d, sums.shift + c);
    });
}

// Error and squares of at most rows_per_sum rows that lie in cache, or are one tile: then memory is read in its order.
HWY_INLINE void look_at_tiles(std::int64_t rows, std::int64_t channels, const float* HWY_RESTRICT x,
                              std::int64_t columns, ColumnSums& sums) {
    const float* shifts = sums.shift;
    float *errors = sums.error, *all_squares = sums.squares;
    for_tiles(rows, columns, [=](auto d, std::int64_t c, auto vectors, std::int64_t row, auto count) HWY_ATTR {
        const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
        hn::Vec<decltype(d)> shift[vectors], e[vectors], q[vectors];
        for_each(vectors, [&](int i) EVENKEEL_UNROLLED {
            shift[i] = hn::LoadU(d, shifts + c + i * lanes);
            e[i] = row == 0 ? hn::Zero(d) : hn::LoadU(d, errors + c + i * lanes);
            q[i] = row == 0 ? hn::Zero(d) : hn::LoadU(d, all_squares + c + i * lanes);
        });
        for_rows(count, [&](int r) EVENKEEL_UNROLLED {
            const float* p = x + (row + r) * channels + c;
            for_each(vectors, [&](int i) EVENKEEL_UNROLLED {
                const auto v = hn::Sub(hn::LoadU(d, p + i * lanes), shift[i]);
                e[i] = hn::Add(e[i], v);
                q[i] = hn::MulAdd(v, v, q[i]);
            });
        });
        for_each(vectors, [&](int i) EVENKEEL_UNROLLED {
            hn::StoreU(e[i], d, errors + c + i * lanes);
            hn::StoreU(q[i], d, all_squares + c + i * lanes);
        });
    });
}

// Error and squares of at most rows_per_sum rows that come from memory.
HWY_INLINE void look_at_streams(std::int64_t rows, std::int64_t channels, const float* HWY_RESTRICT x,
                                std::int64_t columns, ColumnSums& sums) {
    for_streams<streams_of_moments>(rows, [&](std::int64_t row, std::int64_t pitch, auto count) HWY_ATTR {
        const float *from = x + row * channels, *shifts = sums.shift;
        float *errors = sums.error, *all_squares = sums.squares;
        const std::int64_t step = pitch * channels;
        // By value: a store might change what a reference refers to, and all would be loaded again behind each.
        for_columns(columns, [=](auto d, std::int64_t c) HWY_ATTR {
            const auto shift = hn::LoadU(d, shifts + c);
            auto e = row == 0 ? hn::Zero(d) : hn::LoadU(d, errors + c);
            auto q = row == 0 ? hn::Zero(d) : hn::LoadU(d, all_squares + c);
            const float* p = from + c;
            for (int i = 0; i < count; ++i, p += step) {
                ask_ahead(p);
                const auto v = hn::Sub(hn::LoadU(d, p), shift);
                e = hn::Add(e, v);
                q = hn::MulAdd(v, v, q);
            }
            hn::StoreU(e, d, errors + c);
            hn::StoreU(q, d, all_squares + c);
        });
    });
}

HWY_INLINE void look(std::int64_t rows, std::int64_t channels, const float* HWY_RESTRICT x, std::int64_t columns,
                     ColumnSums& sums, Place place) {
    const bool in_tiles = place == Place::cache || is_one_tile(channels);
    return in_tiles ? look_at_tiles(rows, channels, x, columns, sums)
                    : look_at_streams(rows, channels, x, columns, sums);
}

// Adds the sums to those in double; the first ones overwrite.
HWY_INLINE void add_sums(const ColumnSums& sums, std::int64_t columns, bool first, double* HWY_RESTRICT error,
                         double* HWY_RESTRICT squares) {
    for_doubles(columns, [&](auto dd, std::int64_t i) HWY_ATTR {
        const auto e = load_as_doubles(dd, sums.error + i), q = load_as_doubles(dd, sums.squares + i);
        hn::StoreU(first ? e : hn::Add(hn::LoadU(dd, error + i), e), dd, error + i);
        hn::StoreU(first ? q : hn::Add(hn::LoadU(dd, squares + i), q), dd, squares + i);
    });
}

// Chan, Golub and LeVeque 1979: n_b values join n_a of each column.
void MergeMoments(std::int64_t channels, double count_a, double* HWY_RESTRICT mean_a, double* HWY_RESTRICT m2_a,
                  double count_b, const double* HWY_RESTRICT mean_b, const double* HWY_RESTRICT m2_b) {
    const double share = count_b / (count_a + count_b);
    for_doubles(channels, [&](auto dd, std::int64_t c) HWY_ATTR {
        const auto mean = hn::LoadU(dd, mean_a + c), delta = hn::Sub(hn::LoadU(dd, mean_b + c), mean);
        const auto within = hn::Add(hn::LoadU(dd, m2_a + c), hn::LoadU(dd, m2_b + c));
        hn::StoreU(hn::MulAdd(delta, hn::Set(dd, share), mean), dd, mean_a + c);
        hn::StoreU(hn::MulAdd(hn::Mul(delta, delta), hn::Set(dd, count_a * share), within), dd, m2_a + c);
    });
}

// Mean = shift + Σd/n and M2 = Σd² − (Σd)²/n of n values with d = x − shift, from the sums in `mean` and `m2`. Says
// whether the shift was near enough in every column: M2 at least an eighth of Σd² (else it lost bits) and finite (else
// there is a NaN, or only the squares around this shift are too large). An eighth: the shift is off by 2.6 σ. As the mean
// of 16 rows it is off by 1 σ in one column of 16 000, and 1024 columns in 128 blocks would often look twice; by 2.6, never.
constexpr double least_left = 0.125;

HWY_INLINE bool finish(const ColumnSums& sums, std::int64_t columns, double n, double* HWY_RESTRICT mean,
                       double* HWY_RESTRICT m2) {
    bool near = true;
    for_doubles(columns, [&](auto dd, std::int64_t i) HWY_ATTR {
        const auto error = hn::LoadU(dd, mean + i), squares = hn::LoadU(dd, m2 + i);
        const auto offset = hn::Div(error, hn::Set(dd, n));
        const auto left = hn::NegMulAdd(error, offset, squares);
        hn::StoreU(hn::Add(load_as_doubles(dd, sums.shift + i), offset), dd, mean + i);
        // max() would hide a NaN.
        hn::StoreU(hn::IfThenElse(hn::Lt(left, hn::Zero(dd)), hn::Zero(dd), left), dd, m2 + i);
        const auto finite = hn::Lt(squares, hn::Set(dd, std::numeric_limits<double>::infinity()));
        near &= hn::AllTrue(dd, hn::And(finite, hn::Ge(left, hn::Mul(squares, hn::Set(dd, least_left)))));
    });
    return near;
}

// The mean of the first 16 rows is what all are shifted by, so that the others need one look only and flow by at the
// speed of memory. Where it turns out to be too far off (least_left), every 64 rows get a mean of their own.
HWY_INLINE void moments_of_columns(std::int64_t rows, std::int64_t channels, const float* HWY_RESTRICT x,
                                   std::int64_t columns, double* HWY_RESTRICT mean, double* HWY_RESTRICT m2,
                                   Place place) {
    constexpr std::int64_t first_rows = 16;
    ColumnSums sums;
    find_shift(std::min(first_rows, rows), channels, x, columns, sums);
    for (std::int64_t first = 0; first < rows; first += rows_per_sum) {
        look(std::min(rows_per_sum, rows - first), channels, x + first * channels, columns, sums, place);
        add_sums(sums, columns, first == 0, mean, m2);
    }
    if (finish(sums, columns, static_cast<double>(rows), mean, m2) || rows <= first_rows) return;

    double mean_b[columns_at_once], m2_b[columns_at_once];
    for (std::int64_t first = 0; first < rows; first += rows_per_sum) {
        const std::int64_t n = std::min(rows_per_sum, rows - first);
        const float* from = x + first * channels;
        find_shift(n, channels, from, columns, sums);
        look(n, channels, from, columns, sums, place);
        add_sums(sums, columns, true, first == 0 ? mean : mean_b, first == 0 ? m2 : m2_b);
        finish(sums, columns, static_cast<double>(n), first == 0 ? mean : mean_b, first == 0 ? m2 : m2_b);
        if (first > 0) {
            MergeMoments(columns, static_cast<double>(first), mean, m2, static_cast<double>(n), mean_b, m2_b);
        }
    }
}

void BlockMoments(std::int64_t rows, std::int64_t channels, const float* HWY_RESTRICT x, double* HWY_RESTRICT mean,
                  double* HWY_RESTRICT m2, Place place) {
    for (std::int64_t c = 0; c < channels; c += columns_at_once) {
        moments_of_columns(rows, channels, x + c, std::min(columns_at_once, channels - c), mean + c, m2 + c, place);
    }
}

// ((x − high) − low)·scale + shift as (x − high)·scale + offset with offset = shift − low·scale: a difference less a
// value, and x − high is the one that must be exact.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V offset_of(D d, const float* low, V scale, const float* shift) {
    return hn::NegMulAdd(hn::LoadU(d, low), scale, hn::LoadU(d, shift));
}

// In cache: a column's numbers stay in registers.
template <bool kReLU>
HWY_INLINE void normalize(std::int64_t rows, std::int64_t channels, const float* x, const float* HWY_RESTRICT high,
                          const float* HWY_RESTRICT low, const float* HWY_RESTRICT scale,
                          const float* HWY_RESTRICT shift, float* y) {
    for_tiles(rows, channels, [=](auto d, std::int64_t first, auto vectors, std::int64_t row, auto count) HWY_ATTR {
        const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
        hn::Vec<decltype(d)> h[vectors], s[vectors], b[vectors];
        for_each(vectors, [&](int i) EVENKEEL_UNROLLED {
            const std::int64_t c = first + i * lanes;
            h[i] = hn::LoadU(d, high + c);
            s[i] = hn::LoadU(d, scale + c);
            b[i] = offset_of(d, low + c, s[i], shift + c);
        });
        // In registers: a store might change what the closure holds, and all would be loaded again behind each.
        const std::int64_t pitch = channels;
        const float* from = x + row * pitch + first;
        float* to = y + row * pitch + first;
        for_rows(count, [&](int) EVENKEEL_UNROLLED {
            for_each(vectors, [&](int i) EVENKEEL_UNROLLED {
                auto v = hn::MulAdd(hn::Sub(hn::LoadU(d, from + i * lanes), h[i]), s[i], b[i]);
                if constexpr (kReLU) v = hn::IfThenZeroElse(hn::Le(v, hn::Zero(d)), v);  // max() would hide a NaN
                hn::StoreU(v, d, to + i * lanes);
            });
            from += pitch, to += pitch;
        });
    });
}

void BlockNormalize(std::int64_t rows, std::int64_t channels, const float* x, const float* mean_high,
                    const float* mean_low, const float* scale, const float* shift, bool relu, float* y, Place place) {
    if (relu) return normalize<true>(rows, channels, x, mean_high, mean_low, scale, shift, y);
    if (place == Place::cache || !on_boundaries(y, channels))
        return normalize<false>(rows, channels, x, mean_high, mean_low, scale, shift, y);
    ColumnPage high, factor, offset;
    for (std::int64_t first = 0; first < channels; first += columns_at_once) {
        const std::int64_t columns = std::min(columns_at_once, channels - first);
        for_columns(columns, [&](auto d, std::int64_t c) HWY_ATTR {
            const auto s = hn::LoadU(d, scale + first + c);
            hn::StoreU(hn::LoadU(d, mean_high + first + c), d, high.at + c);
            hn::StoreU(s, d, factor.at + c);
            hn::StoreU(offset_of(d, mean_low + first + c, s, shift + first + c), d, offset.at + c);
        });
        stream_rows<2>(rows, channels, columns,
                       [&, from = x + first, to = y + first](auto d, std::int64_t c, std::int64_t at) HWY_ATTR {
                           const auto v = hn::Sub(hn::LoadU(d, from + at), hn::LoadU(d, high.at + c));
                           store<true>(hn::MulAdd(v, hn::LoadU(d, factor.at + c), hn::LoadU(d, offset.at + c)), d,
                                       to + at);
                       });
    }
    hwy::FlushStream();
}

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace evenkeel::kernels {

HWY_EXPORT(BlockMoments);
HWY_EXPORT(MergeMoments);
HWY_EXPORT(BlockNormalize);

void block_moments(std::int64_t rows, std::int64_t channels, const float* x, double* mean, double* m2, Place place) {
    HWY_DYNAMIC_DISPATCH(BlockMoments)(rows, channels, x, mean, m2, place);
}

void merge_moments(std::int64_t channels, double count_a, double* mean_a, double* m2_a, double count_b,
                   const double* mean_b, const double* m2_b) {
    HWY_DYNAMIC_DISPATCH(MergeMoments)(channels, count_a, mean_a, m2_a, count_b, mean_b, m2_b);
}

void block_normalize(std::int64_t rows, std::int64_t channels, const float* x, const float* mean_high,
                     const float* mean_low, const float* scale, const float* shift, bool relu, float* y, Place place) {
    HWY_DYNAMIC_DISPATCH(BlockNormalize)(rows, channels, x, mean_high, mean_low, scale, shift, relu, y, place);
}

}  // namespace evenkeel::kernels
#endif
