#include "kernels/batch_normalization_matrix.hpp"

#include <algorithm>

namespace evenkeel::kernels {
namespace {

constexpr std::int64_t most_blocks = 128;          // so that merging them costs nothing
constexpr std::int64_t floats_of_block = 1 << 14;  // at least 64 KiB, so that taking a block costs nothing
constexpr std::int64_t rows_per_sum = 64;          // as the kernels add: a block is a multiple of it

// A matrix of this size lies in memory. A smaller one may be read again from the last-level cache.
constexpr std::int64_t floats_in_memory = (16 << 20) / sizeof(float);

constexpr std::int64_t channels_at_once = 256;  // of merging

}  // namespace

Blocking::Blocking(const InnerBlock& shape) : rows(shape.outer) {
    const auto up = [](std::int64_t n, std::int64_t by) { return (n + by - 1) / by; };
    const std::int64_t row_size = std::max<std::int64_t>(shape.channels * shape.inner, 1);
    const std::int64_t multiple = shape.inner == 1 && row_size <= floats_of_block / 4 ? rows_per_sum : 1;
    const std::int64_t wanted = std::max({up(rows, most_blocks), up(floats_of_block, row_size), std::int64_t{1}});
    per_block = up(wanted, multiple) * multiple;
    blocks = up(rows, per_block);
}

MatrixBatchNormalization::MatrixBatchNormalization(const InnerBlock& shape, ThreadPool& pool)
    : shape_(shape), pool_(pool), blocking_(shape), place_(place_of(shape.outer * row_size())) {
    for (Buffer<double>* b : {&mean_, &variance_, &sum_dy_, &sum_dy_xhat_}) *b = Buffer<double>(shape.channels);
    for (Buffer<double>* b : {&block_first_, &block_second_}) *b = Buffer<double>(blocking_.blocks * shape.channels);
    for (Buffer<float>* b : {&high_, &low_, &inverse_, &scale_, &shift_, &mean_dy_, &slope_})
        *b = Buffer<float>(shape.channels);
}

Place MatrixBatchNormalization::place_of(std::int64_t values) {
    return values >= floats_in_memory ? Place::memory : Place::cache;
}

std::int64_t Blocking::last_first(std::int64_t taken, int threads) const {
    const std::int64_t half = threads > 1 ? blocks / 2 : blocks;
    return taken < half ? half - 1 - taken : half + blocks - 1 - taken;
}

// Each channel is merged on its own, in the order of the blocks; threads share the channels.
template <typename Body>
void MatrixBatchNormalization::merge_channels(const Body& body) {
    const std::int64_t pieces = (shape_.channels + channels_at_once - 1) / channels_at_once;
    pool_.run(pieces, [&](std::int64_t piece) {
        const std::int64_t first = piece * channels_at_once;
        body(first, std::min(channels_at_once, shape_.channels - first));
    });
}

void MatrixBatchNormalization::take_statistics(const float* x) {
    pool_.run(blocking_.blocks, [&](std::int64_t block) {
        const float* from = x + blocking_.begin(block) * row_size();
        double* mean = block_first_.data() + block * shape_.channels;
        double* m2 = block_second_.data() + block * shape_.channels;
        if (shape_.inner == 1) {
            block_moments(blocking_.count(block), shape_.channels, from, mean, m2, place_);
        } else {
            block_moments_inner({blocking_.count(block), shape_.channels, shape_.inner}, from, mean, m2);
        }
    });
    const double inner = static_cast<double>(shape_.inner), m = inner * static_cast<double>(shape_.outer);
    merge_channels([&](std::int64_t c, std::int64_t channels) {
        std::copy_n(block_first_.data() + c, channels, mean_.data() + c);
        std::copy_n(block_second_.data() + c, channels, variance_.data() + c);
        for (std::int64_t block = 1; block < blocking_.blocks; ++block) {
            const std::int64_t at = block * shape_.channels + c;
            merge_moments(channels, inner * static_cast<double>(blocking_.begin(block)), mean_.data() + c,
                          variance_.data() + c, inner * static_cast<double>(blocking_.count(block)),
                          block_first_.data() + at, block_second_.data() + at);
        }
        for (std::int64_t i = c; i < c + channels; ++i) variance_[i] /= m;
    });
}

void MatrixBatchNormalization::normalize(const float* x, float* y, bool second_pass) {
    pool_.run(blocking_.blocks, [&](std::int64_t taken) {
        const std::int64_t block = second_pass ? blocking_.last_first(taken, pool_.used()) : taken;
        const std::int64_t at = blocking_.begin(block) * row_size(), rows = blocking_.count(block);
        if (shape_.inner == 1) {
            block_normalize(rows, shape_.channels, x + at, high_.data(), low_.data(), scale_.data(), shift_.data(),
                            false, y + at, place_);
        } else {
            block_normalize_inner({rows, shape_.channels, shape_.inner}, x + at, high_.data(), low_.data(),
                                  scale_.data(), shift_.data(), false, y + at);
        }
    });
}

void MatrixBatchNormalization::forward(const float* x, const Parameters& parameters, float* y) {
    if (blocking_.blocks == 0) return;
    take_statistics(x);
    channel_coefficients(shape_.channels, mean_.data(), variance_.data(), 1.0, parameters.epsilon, parameters.gamma,
                         parameters.beta, coefficients());
    normalize(x, y, true);
}

void MatrixBatchNormalization::infer(const float* x, const Parameters& parameters, const float* mean,
                                     const float* variance, float* y) {
    channel_coefficients(shape_.channels, mean, variance, nullptr, parameters.epsilon, parameters.gamma,
                         parameters.beta, coefficients());
    normalize(x, y, false);
}

void MatrixBatchNormalization::take_sums(const float* x, const float* dy) {
    const ChannelMoments moments{high_.data(), low_.data(), inverse_.data()};
    pool_.run(blocking_.blocks, [&](std::int64_t block) {
        const std::int64_t at = blocking_.begin(block) * row_size(), rows = blocking_.count(block);
        double* sum_dy = block_first_.data() + block * shape_.channels;
        double* sum_dy_xhat = block_second_.data() + block * shape_.channels;
        if (shape_.inner == 1) {
            block_backward_sums(rows, shape_.channels, x + at, moments, nullptr, dy + at, nullptr, sum_dy, sum_dy_xhat,
                                place_);
        } else {
            block_backward_sums_inner({rows, shape_.channels, shape_.inner}, x + at, moments, nullptr, dy + at, nullptr,
                                      sum_dy, sum_dy_xhat);
        }
    });
    merge_channels([&](std::int64_t c, std::int64_t channels) {
        std::copy_n(block_first_.data() + c, channels, sum_dy_.data() + c);
        std::copy_n(block_second_.data() + c, channels, sum_dy_xhat_.data() + c);
        for (std::int64_t block = 1; block < blocking_.blocks; ++block) {
            const double* first = block_first_.data() + block * shape_.channels;
            const double* second = block_second_.data() + block * shape_.channels;
            for (std::int64_t i = c; i < c + channels; ++i) sum_dy_[i] += first[i], sum_dy_xhat_[i] += second[i];
        }
    });
}

void MatrixBatchNormalization::backward(const float* x, const Parameters& parameters, const float* dy, float* dx,
                                        float* dgamma, float* dbeta) {
    if (blocking_.blocks == 0) return;
    channel_coefficients(shape_.channels, mean_.data(), variance_.data(), 1.0, parameters.epsilon, parameters.gamma,
                         parameters.beta, coefficients());
    take_sums(x, dy);
    for (std::int64_t c = 0; c < shape_.channels; ++c) {
        dbeta[c] = static_cast<float>(sum_dy_[c]);
        dgamma[c] = static_cast<float>(sum_dy_xhat_[c]);
    }
    gradient_coefficients(shape_.channels, sum_dy_.data(), sum_dy_xhat_.data(),
                          1.0 / static_cast<double>(shape_.outer * shape_.inner), inverse_.data(), mean_dy_.data(),
                          slope_.data());
    pool_.run(blocking_.blocks, [&](std::int64_t taken) {
        const std::int64_t block = blocking_.last_first(taken, pool_.used());
        const std::int64_t at = blocking_.begin(block) * row_size(), rows = blocking_.count(block);
        if (shape_.inner == 1) {
            block_backward_input(rows, shape_.channels, x + at, high_.data(), low_.data(), scale_.data(),
                                 mean_dy_.data(), slope_.data(), dy + at, dx + at, place_);
        } else {
            block_backward_input_inner({rows, shape_.channels, shape_.inner}, x + at, high_.data(), low_.data(),
                                       scale_.data(), mean_dy_.data(), slope_.data(), dy + at, dx + at);
        }
    });
}

}  // namespace evenkeel::kernels
