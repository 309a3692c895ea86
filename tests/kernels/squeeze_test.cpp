// Zeros squeezed out of rows and of columns, against plain loops, on every instruction set.

#include "kernels/squeeze.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/random_values.hpp"
#include "support/simd_sets.hpp"

namespace evenkeel::testing {
namespace {

using Floats = std::vector<float>;
using kernels::SparseView;

class Squeeze : public ::testing::TestWithParam<std::string> {
    ForcedSimd forced_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Simd, Squeeze, ::testing::ValuesIn(available_simd()),
                         [](const auto& simd) { return simd.param; });

enum class Zeros { none, some, all };

/// Rows of bytes, or of the same numbers as floats, in an order of their own. Some zeros are a good half, with long stretches.
struct Source {
    std::vector<std::uint8_t> bytes;
    Floats floats;
    std::vector<std::uint32_t> order;
    Floats scale;
    kernels::GatherSource view;

    Source(std::int64_t rows, std::int64_t features, bool as_bytes, bool scaled, Zeros zeros)
        : bytes(rows * features), order(rows), scale(features, 1.0F / 255) {
        const Floats noise = normal_values<float>(rows * features, 5);
        for (std::int64_t i = 0; i < rows * features; ++i) {
            const bool stretch = i % features % 50 >= 30 || i / features % 7 == 3;
            if (zeros == Zeros::none || (zeros == Zeros::some && !stretch && noise[i] > -0.5F))
                bytes[i] = static_cast<std::uint8_t>(1 + i * 37 % 255);
        }
        floats.assign(bytes.begin(), bytes.end());
        for (std::int64_t r = 0; r < rows; ++r) order[r] = static_cast<std::uint32_t>((r * 5 + 2) % rows);
        if (as_bytes) {
            view.bytes = bytes.data();
        } else {
            view.floats = floats.data();
        }
        view.rows = order.data();
        view.features = features;
        view.scale = scaled ? scale.data() : nullptr;
    }

    float number(std::int64_t r, std::int64_t f) const {
        const float x = floats[order[r] * view.features + f];
        return view.scale != nullptr ? x * scale[f] : x;
    }
};

struct Kind {
    bool as_bytes, scaled;
    Zeros zeros;
};
constexpr Kind kinds[] = {{true, true, Zeros::some},   {true, false, Zeros::some}, {false, true, Zeros::some},
                          {false, false, Zeros::some}, {true, true, Zeros::none},  {false, true, Zeros::none},
                          {true, true, Zeros::all},    {false, true, Zeros::all}};

/// The numbers of a line that are not zero, and where they stand.
template <typename Number>
void expect_line(const SparseView& view, std::int64_t n, const Number& number) {
    std::int64_t at = 0;
    for (std::int64_t i = 0; i < n; ++i) {
        if (number(i) == 0) continue;
        ASSERT_LT(at, view.count);
        ASSERT_EQ(view.places[at], i);
        ASSERT_EQ(view.values[at++], number(i));
    }
    ASSERT_EQ(at, view.count);
}

TEST_P(Squeeze, RowsLoseTheirZerosAndNothingElse) {
    for (const std::int64_t features : {1, 5, 16, 31, 130, 784, 5000}) {
        for (const std::int64_t range : {std::int64_t{112}, std::int64_t{7}, kernels::most_places}) {
            for (const auto& [as_bytes, scaled, zeros] : kinds) {
                constexpr std::int64_t apart = 3;
                const Source source(8, features, as_bytes, scaled, zeros);
                Floats values(features + kernels::squeeze_margin);
                std::vector<std::uint8_t> places(features + kernels::squeeze_margin);
                std::vector<SparseView> views((features + range - 1) / range * apart);
                for (std::int64_t r = 0; r < 8; ++r) {
                    const std::int64_t count =
                        kernels::squeeze_row(source.view, r, range, values.data(), places.data(), views.data(), apart);
                    std::int64_t at = 0;
                    for (std::int64_t first = 0; first < features; first += range) {
                        const SparseView& view = views[first / range * apart];
                        ASSERT_EQ(view.values, values.data() + at) << "one behind another";
                        ASSERT_EQ(view.places, places.data() + at);
                        expect_line(view, std::min(range, features - first),
                                    [&](std::int64_t f) { return source.number(r, first + f); });
                        at += view.count;
                    }
                    ASSERT_EQ(at, count);
                }
            }
        }
    }
}

TEST_P(Squeeze, ColumnsAreTheTurnedRows) {
    constexpr std::int64_t features = 150;
    for (const std::int64_t rows : {1, 3, 16, 33, 100, 128, 256}) {
        for (const auto& [as_bytes, scaled, zeros] : kinds) {
            const Source source(rows + 10, features, as_bytes, scaled, zeros);
            for (const auto& [first, end] : {std::pair<std::int64_t, std::int64_t>{0, 112}, {112, 150}, {7, 8}}) {
                Floats values((end - first) * rows + kernels::squeeze_margin);
                std::vector<std::uint8_t> places((end - first) * rows + kernels::squeeze_margin);
                std::vector<SparseView> views(end - first);
                const std::int64_t begin = 9;
                const std::int64_t count = kernels::squeeze_columns(source.view, first, end, begin, begin + rows,
                                                                    values.data(), places.data(), views.data());
                std::int64_t at = 0;
                for (std::int64_t f = first; f < end; ++f) {
                    const SparseView& view = views[f - first];
                    ASSERT_EQ(view.values, values.data() + at) << "one behind another";
                    ASSERT_EQ(view.places, places.data() + at);
                    expect_line(view, rows, [&](std::int64_t r) { return source.number(begin + r, f); });
                    at += view.count;
                }
                ASSERT_EQ(at, count);
            }
        }
    }
}

TEST_P(Squeeze, KeepsNaNAndInfinity) {
    Floats x(40, 0.0F), values(40 + kernels::squeeze_margin);
    std::vector<std::uint8_t> places(40 + kernels::squeeze_margin);
    x[3] = std::numeric_limits<float>::quiet_NaN();
    x[20] = -std::numeric_limits<float>::infinity();
    x[39] = std::numeric_limits<float>::quiet_NaN();
    x[7] = -0.0F;
    ASSERT_EQ(kernels::squeeze(40, x.data(), values.data(), places.data()), 3);
    EXPECT_EQ(places[0], 3);
    EXPECT_TRUE(std::isnan(values[0]));
    EXPECT_EQ(values[1], x[20]);
    EXPECT_TRUE(std::isnan(values[2]));
    // The same as the second of two rows that begin at the source's third, and turned.
    Floats rows(160, 0.0F);
    std::copy(x.begin(), x.end(), rows.begin() + 120);
    kernels::GatherSource source;
    source.floats = rows.data();
    source.features = 40;
    source.first_row = 2;
    SparseView row, columns[40];
    ASSERT_EQ(kernels::squeeze_row(source, 1, 40, values.data(), places.data(), &row, 1), 3);
    EXPECT_TRUE(std::isnan(row.values[0]));
    Floats turned(80 + kernels::squeeze_margin);
    places.resize(80 + kernels::squeeze_margin);
    ASSERT_EQ(kernels::squeeze_columns(source, 0, 40, 0, 2, turned.data(), places.data(), columns), 3);
    ASSERT_EQ(columns[39].count, 1);
    EXPECT_TRUE(std::isnan(columns[39].values[0]));
    EXPECT_EQ(columns[39].places[0], 1);
    EXPECT_EQ(columns[7].count, 0);
}

}  // namespace
}  // namespace evenkeel::testing
