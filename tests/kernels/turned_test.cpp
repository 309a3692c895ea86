// Batches turned, and products that leave their zeros out, against plain loops, on every instruction set.

#include "kernels/turned.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernels/optimizer.hpp"
#include "support/random_values.hpp"
#include "support/simd_sets.hpp"

namespace evenkeel::testing {
namespace {

using Floats = std::vector<float>;
using kernels::features_of_three;
using kernels::rows_of_tile;
using kernels::Sums;

class Turned : public ::testing::TestWithParam<std::string> {
    ForcedSimd forced_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Simd, Turned, ::testing::ValuesIn(available_simd()),
                         [](const auto& simd) { return simd.param; });

enum class Zeros { none, some, all };

struct Kind {
    bool as_bytes, scaled;
    Zeros zeros;
};
constexpr Kind kinds[] = {{true, true, Zeros::some},   {true, false, Zeros::some}, {false, true, Zeros::some},
                          {false, false, Zeros::some}, {true, true, Zeros::none},  {false, true, Zeros::none},
                          {true, true, Zeros::all},    {false, true, Zeros::all}};

/// Rows of bytes, or of the same numbers as floats, in an order of their own, and the batch of all of them turned. Some zeros are a
/// good half, with long stretches.
struct Batch {
    std::int64_t rows, features;
    std::vector<std::uint8_t> bytes;
    Floats floats;
    std::vector<std::uint32_t> order;
    Floats scale;
    kernels::GatherSource source;
    std::vector<std::uint8_t> turned_bytes;
    Floats turned_floats;
    std::vector<std::uint16_t> masks;
    kernels::TurnedRows turned;
    std::int64_t threes = 0;

    Batch(std::int64_t row_count, std::int64_t feature_count, const Kind& kind)
        : rows(row_count), features(feature_count), bytes(rows * features), order(rows), scale(features, 1.0F / 255) {
        const Floats noise = normal_values<float>(rows * features, 5);
        for (std::int64_t i = 0; i < rows * features; ++i) {
            const bool stretch = i % features % 50 >= 30 || i / features % 7 == 3;
            if (kind.zeros == Zeros::none || (kind.zeros == Zeros::some && !stretch && noise[i] > -0.5F))
                bytes[i] = static_cast<std::uint8_t>(1 + i * 37 % 255);
        }
        floats.assign(bytes.begin(), bytes.end());
        for (std::int64_t r = 0; r < rows; ++r) order[r] = static_cast<std::uint32_t>((r * 5 + 2) % rows);
        if (kind.as_bytes) {
            source.bytes = bytes.data();
        } else {
            source.floats = floats.data();
        }
        source.rows = order.data();
        source.features = features;
        source.scale = kind.scaled ? scale.data() : nullptr;
        turn();
    }

    void turn() {
        const std::int64_t numbers =
            kernels::tiles_of(rows) * rows_of_tile * features_of_three * kernels::threes_of(features);
        masks.assign(kernels::tiles_of(rows) * kernels::threes_of(features), 0xabcd);
        turned.features = features;
        turned.masks = masks.data();
        turned.scale = source.scale != nullptr ? source.scale[0] : 1;
        if (source.bytes != nullptr) {
            turned_bytes.assign(numbers, 0xcd);
            turned.bytes = turned_bytes.data();
        } else {
            turned_floats.assign(numbers, 99.0F);
            turned.floats = turned_floats.data();
        }
        threes = 0;
        for (std::int64_t t = 0; t < kernels::tiles_of(rows); ++t)
            threes += kernels::turn_tile(source, rows, t, turned);
    }

    float number(std::int64_t r, std::int64_t f) const {
        const float x = floats[order[r] * features + f];
        return source.scale != nullptr ? x * scale[f] : x;
    }
};

TEST_P(Turned, TilesAreTheRowsTurned) {
    for (const std::int64_t rows : {1, 3, 16, 33, 100}) {
        for (const std::int64_t features : {1, 2, 3, 16, 17, 64, 150, 200, 401}) {
            for (const Kind& kind : kinds) {
                const Batch batch(rows, features, kind);
                const std::int64_t apart = rows_of_tile * features_of_three * kernels::threes_of(features);
                std::int64_t count = 0;
                for (std::int64_t r = 0; r < kernels::tiles_of(rows) * rows_of_tile; ++r) {
                    const std::int64_t tile = r / rows_of_tile, i = r % rows_of_tile;
                    for (std::int64_t k = 0; k < kernels::threes_of(features); ++k) {
                        bool any = false;
                        for (std::int64_t f = k * features_of_three;
                             r < rows && f < std::min(features, (k + 1) * features_of_three); ++f) {
                            const std::int64_t at = tile * apart + f * rows_of_tile + i;
                            const float turned = kind.as_bytes
                                                     ? static_cast<float>(batch.turned.bytes[at]) * batch.turned.scale
                                                     : batch.turned.floats[at];
                            ASSERT_EQ(turned, batch.number(r, f))
                                << rows << " × " << features << ", " << r << ", " << f;
                            any = any || turned != 0;
                        }
                        const auto mask = batch.masks[tile * kernels::threes_of(features) + k];
                        ASSERT_EQ((mask >> i & 1) != 0, any) << rows << " × " << features << ", " << r << ", " << k;
                        count += any ? 1 : 0;
                    }
                }
                ASSERT_EQ(batch.threes, count) << rows << " × " << features;
            }
        }
    }
}

TEST_P(Turned, NonzerosOfARowAreCounted) {
    for (const std::int64_t features : {1, 15, 64, 150}) {
        for (const Kind& kind : kinds) {
            const Batch batch(5, features, kind);
            for (std::int64_t r = 0; r < 5; ++r) {
                std::int64_t count = 0;
                for (std::int64_t f = 0; f < features; ++f) count += batch.number(r, f) != 0 ? 1 : 0;
                ASSERT_EQ(kernels::count_nonzeros(batch.source, r), count);
            }
        }
    }
}

TEST_P(Turned, NaNAndInfinityAreNotZero) {
    Batch batch(21, 40, {false, false, Zeros::all});
    batch.floats[batch.order[18] * 40 + 7] = std::numeric_limits<float>::quiet_NaN();
    batch.floats[batch.order[3] * 40 + 39] = -std::numeric_limits<float>::infinity();
    batch.turn();
    EXPECT_EQ(batch.threes, 2);
    EXPECT_EQ(batch.masks[kernels::threes_of(40) + 2], 1 << 2) << "the second tile's third row";
    EXPECT_EQ(batch.masks[13], 1 << 3);
    Floats w(40 * 5, 1.0F), y(21 * 5);
    kernels::turned_product(batch.turned, 0, 21, {40}, 5, w.data(), y.data());
    EXPECT_TRUE(std::isnan(y[18 * 5 + 4]));
    EXPECT_EQ(y[3 * 5], -std::numeric_limits<float>::infinity());
    EXPECT_EQ(y[4 * 5], 0.0F);
}

// Each of up to k additions rounds by at most half an ulp of a partial sum.
double rounding(std::int64_t k, double magnitude) {
    return static_cast<double>(k) * 0x1p-24 * magnitude;
}

TEST_P(Turned, ProductIsTheSumOverAShareOfTheFeatures) {
    constexpr std::int64_t rows = 90, begin = 16;
    for (const std::int64_t n : {1, 3, 10, 16, 17, 32, 64, 100, 128, 200}) {
        for (const Kind& kind : {kinds[0], kinds[3], kinds[4], kinds[7]}) {
            for (const std::int64_t features : {76, 150}) {
                const Batch batch(rows, features, kind);
                const Floats w = normal_values<float>(features * n, 2);
                for (const kernels::Share& share : {kernels::Share{features}, {30, 0, 2}, {30, 1, 2}, {9, 1, 3}}) {
                    for (const std::int64_t end : {begin + 16, begin + 64, rows}) {
                        Floats y((end - begin) * n + 1, 99.0F);
                        kernels::turned_product(batch.turned, begin, end, share, n, w.data(), y.data());
                        for (std::int64_t r = begin; r < end; ++r) {
                            for (std::int64_t j = 0; j < n; ++j) {
                                double sum = 0, magnitude = 0;
                                for (std::int64_t f = 0; f < features; ++f) {
                                    if (f / share.features % share.of != share.index) continue;
                                    const double product = static_cast<double>(batch.number(r, f)) * w[f * n + j];
                                    sum += product;
                                    magnitude += std::abs(product);
                                }
                                ASSERT_NEAR(y[(r - begin) * n + j], sum, rounding(features, magnitude))
                                    << features << " × " << n << ", " << r << ", " << j;
                            }
                        }
                        ASSERT_EQ(y.back(), 99.0F) << "nothing is written beyond the rows";
                    }
                }
            }
        }
    }
}

TEST_P(Turned, GradientIsTheSumOverRows) {
    constexpr std::int64_t rows = 170, features = 76;
    for (const std::int64_t n : {1, 10, 16, 33, 64, 100, 128, 200}) {
        for (const Kind& kind : {kinds[0], kinds[3], kinds[4], kinds[7]}) {
            const Batch batch(rows, features, kind);
            const Floats dz = normal_values<float>(rows * n, 3);
            for (const auto& [first, end] : {std::pair<std::int64_t, std::int64_t>{0, 30}, {30, 76}, {75, 76}}) {
                Floats whole((end - first) * n + 1, 99.0F), halves = whole;
                kernels::turned_gradient(batch.turned, {first, end, 0, rows}, n, dz.data(), Sums::begin, whole.data());
                kernels::turned_gradient(batch.turned, {first, end, 0, 112}, n, dz.data(), Sums::begin, halves.data());
                kernels::turned_gradient(batch.turned, {first, end, 112, rows}, n, dz.data(), Sums::go_on,
                                         halves.data());
                ASSERT_EQ(whole, halves) << "rows ascend, so bits are the same";
                for (std::int64_t f = first; f < end; ++f) {
                    for (std::int64_t j = 0; j < n; ++j) {
                        double sum = 0, magnitude = 0;
                        for (std::int64_t r = 0; r < rows; ++r) {
                            const double product = static_cast<double>(batch.number(r, f)) * dz[r * n + j];
                            sum += product;
                            magnitude += std::abs(product);
                        }
                        ASSERT_NEAR(whole[(f - first) * n + j], sum, rounding(rows, magnitude))
                            << n << ", " << f << ", " << j;
                    }
                }
                ASSERT_EQ(whole.back(), 99.0F) << "nothing is written beyond the part";
            }
        }
    }
}

TEST_P(Turned, DescentIsAGradientAndAnSgdStep) {
    constexpr std::int64_t rows = 70, features = 76;
    const float rate = 0.3F;
    for (const std::int64_t n : {1, 10, 64, 100, 128, 200}) {
        for (const Kind& kind : {kinds[0], kinds[3], kinds[7]}) {
            const Batch batch(rows, features, kind);
            const Floats dz = normal_values<float>(rows * n, 4);
            for (const auto& [first, end] : {std::pair<std::int64_t, std::int64_t>{0, 30}, {30, 76}}) {
                for (const bool begun : {false, true}) {
                    const std::int64_t size = (end - first) * n;
                    const Floats begin = normal_values<float>(size, 13), before = normal_values<float>(size + 1, 14);
                    Floats gradient = begin, expected = before, weights = before;
                    const kernels::TurnedPart part{first, end, begun ? 32 : 0, rows};
                    kernels::turned_gradient(batch.turned, part, n, dz.data(), begun ? Sums::go_on : Sums::begin,
                                             gradient.data());
                    kernels::sgd({rate, 1.0F, 0.0F, false}, size, gradient.data(), nullptr, expected.data());
                    kernels::turned_descent(batch.turned, part, n, dz.data(), begun ? begin.data() : nullptr, rate,
                                            weights.data());
                    ASSERT_EQ(weights, expected) << n << (begun ? ", begun" : "");
                }
            }
        }
    }
}

}  // namespace
}  // namespace evenkeel::testing
