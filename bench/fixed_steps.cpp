// A fixed number of training steps of the lecture's network with batch normalization, batch 128, one thread, for tools
// that count instructions (scripts/check-instructions). EVENKEEL_SIMD picks the instruction set.
//
//   bench_fixed_steps dense|sparse STEPS

#include <cstdio>
#include <cstdlib>
#include <string>

#include "core/threads.hpp"
#include "evenkeel/core/error.hpp"
#include "evenkeel/data/digits.hpp"
#include "kernels/simd.hpp"
#include "study/stepper.hpp"

namespace {

using namespace evenkeel;

constexpr std::int64_t rows = 1280, pixels = 28 * 28;

/// Noise, with two brighter lines where the class says.
Examples dense_images() {
    Examples images;
    images.shape = {28, 28};
    std::vector<std::uint8_t> values;
    for (std::int64_t i = 0; i < rows * pixels; ++i) {
        const std::int64_t row = i / pixels;
        const bool bright = i % pixels / (2 * 28) == row % 10;
        values.push_back(static_cast<std::uint8_t>((i * 2654435761 >> 16 & 0x7f) | (bright ? 0x80 : 0)));
    }
    images.values = std::move(values);
    for (std::int64_t r = 0; r < rows; ++r) images.labels.push_back(static_cast<std::int32_t>(r % 10));
    return images;
}

/// Drawn digits without the grain of their paper: a seventh of their bytes is not zero (of the MNIST's a fifth).
Examples sparse_images() {
    constexpr std::uint8_t darkest_paper = 77;
    Examples images = make_digits({.train_rows = rows, .test_rows = 1}).train;
    for (std::uint8_t& byte : std::get<std::vector<std::uint8_t>>(images.values)) {
        if (byte <= darkest_paper) byte = 0;
    }
    return images;
}

Examples images_of(const std::string& kind) {
    if (kind == "dense") return dense_images();
    if (kind == "sparse") return sparse_images();
    fail_input("bench_fixed_steps", "dense or sparse", kind);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        if (const char* simd = std::getenv("EVENKEEL_SIMD"); simd != nullptr) kernels::force_simd(simd);
        if (argc != 3) fail_input("bench_fixed_steps", "dense or sparse and a number of steps", "other arguments");
        const Examples images = images_of(argv[1]);
        const int steps = std::atoi(argv[2]);
        if (steps < 1) fail_input("bench_fixed_steps", "a number of steps", argv[2]);
        ThreadPool pool(1);
        Stepper stepper(images, {128, 64}, true, 128, pool);
        double loss = 0;
        for (int s = 0; s < steps; ++s) loss = stepper.step();
        std::printf("%s: loss %.6f after %d steps\n", kernels::simd_name().c_str(), loss, steps);
        return loss < 2.5 ? 0 : 1;  // ln 10 and a little; a NaN is no loss either
    } catch (const Error& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 2;
    }
}
