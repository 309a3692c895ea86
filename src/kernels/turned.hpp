#pragma once

#include <cstdint>

#include "kernels/gather.hpp"
#include "kernels/sparse.hpp"

namespace evenkeel::kernels {

/// Rows of a tile, and features that are taken together: neighbours, which in images are zero together. A mask tells which rows
/// have one of the three that is not zero, and for all others nothing is multiplied.
inline constexpr std::int64_t rows_of_tile = 16, features_of_three = 3;

constexpr std::int64_t tiles_of(std::int64_t rows) {
    return (rows + rows_of_tile - 1) / rows_of_tile;
}
constexpr std::int64_t threes_of(std::int64_t features) {
    return (features + features_of_three - 1) / features_of_three;
}

/// A batch turned, tile by tile, for products that leave its zeros out: of each feature the tile's numbers lie side by side.
/// Exactly one of bytes and floats is set.
struct TurnedRows {
    std::int64_t features = 0;
    float scale = 1;  ///< the source's: bytes are multiplied by it as they become floats, floats are already
    std::uint8_t* bytes = nullptr;   ///< [tiles, 3·threes, 16]
    float* floats = nullptr;         ///< [tiles, 3·threes, 16]
    std::uint16_t* masks = nullptr;  ///< [tiles, threes]
};

/// How many of row r's numbers are not zero.
std::int64_t count_nonzeros(const GatherSource& source, std::int64_t r);

/// Makes tile `tile` of a batch of `rows` rows; to.bytes is set where the source has bytes. Of the source `scale`, `subtract` and
/// `offset` are not read. Returns how often a row has a three that is not zero.
std::int64_t turn_tile(const GatherSource& source, std::int64_t rows, std::int64_t tile, const TurnedRows& to);

/// Of features in runs of `features`, whole threes if they are not all: run `index` and each `of`-th behind it.
struct Share {
    std::int64_t features, index = 0, of = 1;
};

/// Y = X·M for batch rows [begin, end), which are whole tiles or end with the batch, and a share of the features: for j in [0, n)
/// y[r − begin, j] = Σ_f x[r, f]·matrix[f, j]. Features ascend in each sum. Fastest for 64 rows at a time.
void turned_product(const TurnedRows& x, std::int64_t begin, std::int64_t end, const Share& share, std::int64_t n,
                    const float* matrix, float* y);

/// Features [first, end), whole threes or ending with the last feature, and batch rows [begin, rows_end), likewise whole tiles.
struct TurnedPart {
    std::int64_t first, end, begin, rows_end;
};

/// G = Xᵀ·D of a part, or G += Xᵀ·D: gradient[f − first, j] = Σ_r x[r, f]·dz[r, j], dz being all rows of the batch, [rows, n].
/// Rows ascend in each sum. Fastest where the part's rows of dz stay in cache.
void turned_gradient(const TurnedRows& x, const TurnedPart& part, std::int64_t n, const float* dz, Sums sums,
                     float* gradient);

/// The same sums as a gradient that is nowhere written down: weights[f − first, j] ← weights[f − first, j] − rate·(begun[f − first,
/// j] + Σ_r …). begun: what turned_gradient made of the rows before; null: nothing. The bits are those of turned_gradient and sgd.
void turned_descent(const TurnedRows& x, const TurnedPart& part, std::int64_t n, const float* dz, const float* begun,
                    float rate, float* weights);

}  // namespace evenkeel::kernels
