#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/batch_normalization_backward.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "kernels/batch_normalization.hpp"
#include "kernels/columns-inl.h"

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

// Float sums of some columns, on their way to doubles.
struct ColumnSums {
    HWY_ALIGN float dy[columns_at_once];            // Σ dy
    HWY_ALIGN float dy_from_high[columns_at_once];  // Σ dy·(x − high)
};

struct BackwardRows {
    std::int64_t begin, end, channels;
    const float *x, *a, *da;
    float* dy;
    const float* mean_high;
};

// dy of one vector at i, written where it is not da itself.
template <bool kReLU, class D>
HWY_INLINE hn::Vec<D> gradient_before(D d, const BackwardRows& b, std::int64_t i) {
    auto v = hn::LoadU(d, b.da + i);
    if constexpr (kReLU) v = hn::IfThenElseZero(hn::Gt(hn::LoadU(d, b.a + i), hn::Zero(d)), v);
    if (b.dy != nullptr && (kReLU || b.dy != b.da)) hn::StoreU(v, d, b.dy + i);
    return v;
}

// The sums of rows [b.begin, b.end) that lie in cache, or are one tile.
template <bool kReLU>
HWY_INLINE void sum_tiles(const BackwardRows& b, std::int64_t c0, std::int64_t columns, ColumnSums& sums) {
    float *sums_dy = sums.dy, *sums_from_high = sums.dy_from_high;
    for_tiles(b.end - b.begin, columns,
              [=](auto d, std::int64_t c, auto vectors, std::int64_t row, auto count) HWY_ATTR {
                  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
                  hn::Vec<decltype(d)> high[vectors], s[vectors], p[vectors];
                  for_each(vectors, [&](int i) EVENKEEL_UNROLLED {
                      high[i] = hn::LoadU(d, b.mean_high + c0 + c + i * lanes);
                      s[i] = row == 0 ? hn::Zero(d) : hn::LoadU(d, sums_dy + c + i * lanes);
                      p[i] = row == 0 ? hn::Zero(d) : hn::LoadU(d, sums_from_high + c + i * lanes);
                  });
                  const BackwardRows local = b;  // in registers: a store might change what the closure holds
                  std::int64_t row_at = (local.begin + row) * local.channels + c0 + c;
                  for_rows(count, [&](int) EVENKEEL_UNROLLED {
                      for_each(vectors, [&](int i) EVENKEEL_UNROLLED {
                          const std::int64_t at = row_at + i * lanes;
                          const auto v = gradient_before<kReLU>(d, local, at);
                          s[i] = hn::Add(s[i], v);
                          p[i] = hn::MulAdd(v, hn::Sub(hn::LoadU(d, local.x + at), high[i]), p[i]);
                      });
                      row_at += local.channels;
                  });
                  for_each(vectors, [&](int i) EVENKEEL_UNROLLED {
                      hn::StoreU(s[i], d, sums_dy + c + i * lanes);
                      hn::StoreU(p[i], d, sums_from_high + c + i * lanes);
                  });
              });
}

// The sums of rows [b.begin, b.end) that come from memory.
template <bool kReLU>
HWY_INLINE void sum_streams(const BackwardRows& b, std::int64_t c0, std::int64_t columns, ColumnSums& sums) {
    for_streams<streams_of_backward>(b.end - b.begin, [&](std::int64_t row, std::int64_t pitch, auto count) HWY_ATTR {
        for_columns(columns, [&](auto d, std::int64_t c) HWY_ATTR {
            const auto high = hn::LoadU(d, b.mean_high + c0 + c);
            auto s = row == 0 ? hn::Zero(d) : hn::LoadU(d, sums.dy + c);
            auto p = row == 0 ? hn::Zero(d) : hn::LoadU(d, sums.dy_from_high + c);
            for (int i = 0; i < count; ++i) {
                const std::int64_t at = (b.begin + row + i * pitch) * b.channels + c0 + c;
                ask_ahead(b.x + at, b.da + at);
                const auto v = gradient_before<kReLU>(d, b, at);
                s = hn::Add(s, v);
                p = hn::MulAdd(v, hn::Sub(hn::LoadU(d, b.x + at), high), p);
            }
            hn::StoreU(s, d, sums.dy + c);
            hn::StoreU(p, d, sums.dy_from_high + c);
        });
    });
}

// Σ dy·ẑ = inverse·(Σ dy·(x − high) − low·Σ dy).
HWY_INLINE void keep_sums(const ColumnSums& sums, std::int64_t columns, bool first, const float* HWY_RESTRICT low,
                          const float* HWY_RESTRICT inverse, double* HWY_RESTRICT sum_dy,
                          double* HWY_RESTRICT sum_dy_xhat) {
    for_doubles(columns, [&](auto dd, std::int64_t i) HWY_ATTR {
        const auto dy = load_as_doubles(dd, sums.dy + i);
        const auto centred =
            hn::NegMulAdd(load_as_doubles(dd, low + i), dy, load_as_doubles(dd, sums.dy_from_high + i));
        const auto zero = hn::Zero(dd);
        hn::StoreU(hn::Add(first ? zero : hn::LoadU(dd, sum_dy + i), dy), dd, sum_dy + i);
        hn::StoreU(hn::MulAdd(centred, load_as_doubles(dd, inverse + i), first ? zero : hn::LoadU(dd, sum_dy_xhat + i)),
                   dd, sum_dy_xhat + i);
    });
}

template <bool kReLU>
HWY_INLINE void backward_sums(std::int64_t rows, BackwardRows b, const ChannelMoments& moments,
                              double* HWY_RESTRICT sum_dy, double* HWY_RESTRICT sum_dy_xhat, Place place) {
    ColumnSums sums;
    for (std::int64_t c = 0; c < b.channels; c += columns_at_once) {
        const std::int64_t columns = std::min(columns_at_once, b.channels - c);
        for (b.begin = 0; b.begin < rows; b.begin = b.end) {
            b.end = std::min(b.begin + rows_per_sum, rows);
            if (place == Place::cache || is_one_tile(b.channels)) {
                sum_tiles<kReLU>(b, c, columns, sums);
            } else {
                sum_streams<kReLU>(b, c, columns, sums);
            }
            keep_sums(sums, columns, b.begin == 0, moments.mean_low + c, moments.inverse + c, sum_dy + c,
                      sum_dy_xhat + c);
        }
    }
}

void BlockBackwardSums(std::int64_t rows, std::int64_t channels, const float* x, const ChannelMoments& moments,
                       const float* a, const float* da, float* dy, double* sum_dy, double* sum_dy_xhat, Place place) {
    const BackwardRows b{0, 0, channels, x, a, da, dy, moments.mean_high};
    if (a != nullptr) {
        backward_sums<true>(rows, b, moments, sum_dy, sum_dy_xhat, place);
    } else {
        backward_sums<false>(rows, b, moments, sum_dy, sum_dy_xhat, place);
    }
}

// scale·(dy − mean_dy − ((x − high) − low)·slope) as two fused products:
// dy·scale + ((x − high)·k + b) with k = −scale·slope and b = −scale·(mean_dy − low·slope).
template <class V>
struct Line {
    V k, b;
};
template <class D, class V = hn::Vec<D>>
HWY_INLINE Line<V> line_of(D d, const float* low, V scale, const float* mean_dy, const float* slope) {
    const V negative = hn::Neg(scale), m = hn::LoadU(d, slope);
    return {hn::Mul(negative, m), hn::Mul(negative, hn::NegMulAdd(hn::LoadU(d, low), m, hn::LoadU(d, mean_dy)))};
}

// In cache: three of a column's four numbers stay in registers.
HWY_INLINE void backward_input(std::int64_t rows, std::int64_t channels, const float* x, const float* HWY_RESTRICT high,
                               const float* HWY_RESTRICT low, const float* HWY_RESTRICT scale,
                               const float* HWY_RESTRICT mean_dy, const float* HWY_RESTRICT slope, const float* dy,
                               float* dx) {
    for_tiles(rows, channels, [=](auto d, std::int64_t first, auto vectors, std::int64_t row, auto count) HWY_ATTR {
        const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
        hn::Vec<decltype(d)> s[vectors], k[vectors], b[vectors];
        for_each(vectors, [&](int i) EVENKEEL_UNROLLED {
            const std::int64_t c = first + i * lanes;
            s[i] = hn::LoadU(d, scale + c);
            const auto line = line_of(d, low + c, s[i], mean_dy + c, slope + c);
            k[i] = line.k;
            b[i] = line.b;
        });
        const std::int64_t pitch = channels;  // in registers, as the pointers: see sum_tiles
        const float *from = x + row * pitch + first, *gradient = dy + row * pitch + first, *h = high + first;
        float* to = dx + row * pitch + first;
        for_rows(count, [&](int) EVENKEEL_UNROLLED {
            for_each(vectors, [&](int i) EVENKEEL_UNROLLED {
                const auto centred = hn::Sub(hn::LoadU(d, from + i * lanes), hn::LoadU(d, h + i * lanes));
                hn::StoreU(hn::MulAdd(hn::LoadU(d, gradient + i * lanes), s[i], hn::MulAdd(centred, k[i], b[i])), d,
                           to + i * lanes);
            });
            from += pitch, gradient += pitch, to += pitch;
        });
    });
}

void BlockBackwardInput(std::int64_t rows, std::int64_t channels, const float* x, const float* mean_high,
                        const float* mean_low, const float* scale, const float* mean_dy, const float* slope,
                        const float* dy, float* dx, Place place) {
    if (place == Place::cache || !on_boundaries(dx, channels))
        return backward_input(rows, channels, x, mean_high, mean_low, scale, mean_dy, slope, dy, dx);
    ColumnPage high, factor, k, b;
    for (std::int64_t first = 0; first < channels; first += columns_at_once) {
        const std::int64_t columns = std::min(columns_at_once, channels - first);
        for_columns(columns, [&](auto d, std::int64_t c) HWY_ATTR {
            const std::int64_t at = first + c;
            const auto s = hn::LoadU(d, scale + at);
            const auto line = line_of(d, mean_low + at, s, mean_dy + at, slope + at);
            hn::StoreU(hn::LoadU(d, mean_high + at), d, high.at + c);
            hn::StoreU(s, d, factor.at + c);
            hn::StoreU(line.k, d, k.at + c);
            hn::StoreU(line.b, d, b.at + c);
        });
        stream_rows<streams_of_backward>(
            rows, channels, columns,
            [&, x = x + first, dy = dy + first, dx = dx + first](auto d, std::int64_t c, std::int64_t at) HWY_ATTR {
                const auto centred = hn::Sub(hn::LoadU(d, x + at), hn::LoadU(d, high.at + c));
                const auto through_statistics = hn::MulAdd(centred, hn::LoadU(d, k.at + c), hn::LoadU(d, b.at + c));
                store<true>(hn::MulAdd(hn::LoadU(d, dy + at), hn::LoadU(d, factor.at + c), through_statistics), d,
                            dx + at);
            });
    }
    hwy::FlushStream();
}

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace evenkeel::kernels {

HWY_EXPORT(BlockBackwardSums);
HWY_EXPORT(BlockBackwardInput);

void block_backward_sums(std::int64_t rows, std::int64_t channels, const float* x, const ChannelMoments& moments,
                         const float* a, const float* da, float* dy, double* sum_dy, double* sum_dy_xhat, Place place) {
    HWY_DYNAMIC_DISPATCH(BlockBackwardSums)(rows, channels, x, moments, a, da, dy, sum_dy, sum_dy_xhat, place);
}

void block_backward_input(std::int64_t rows, std::int64_t channels, const float* x, const float* mean_high,
                          const float* mean_low, const float* scale, const float* mean_dy, const float* slope,
                          const float* dy, float* dx, Place place) {
    HWY_DYNAMIC_DISPATCH(BlockBackwardInput)
    (rows, channels, x, mean_high, mean_low, scale, mean_dy, slope, dy, dx, place);
}

}  // namespace evenkeel::kernels
#endif
