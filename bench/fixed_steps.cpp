// A fixed number of training steps of the lecture's network with batch normalization, batch 128, one thread, for tools
// that count instructions (scripts/check-instructions). EVENKEEL_SIMD picks the instruction set.
//
//   bench_fixed_steps STEPS

#include <cstdio>
#include <cstdlib>

#include "core/threads.hpp"
#include "evenkeel/core/error.hpp"
#include "kernels/simd.hpp"
#include "study/stepper.hpp"

int main(int argc, char** argv) {
    using namespace evenkeel;
    constexpr std::int64_t rows = 1280, pixels = 28 * 28;
    try {
        if (const char* simd = std::getenv("EVENKEEL_SIMD"); simd != nullptr) kernels::force_simd(simd);
        const int steps = argc == 2 ? std::atoi(argv[1]) : 0;
        if (steps < 1) fail_input("bench_fixed_steps", "a number of steps", argc == 2 ? argv[1] : "none");
        Examples images;
        images.shape = {28, 28};
        std::vector<std::uint8_t> values;
        for (std::int64_t i = 0; i < rows * pixels; ++i) {
            const std::int64_t row = i / pixels;
            const bool bright = i % pixels / (2 * 28) == row % 10;  // two lines, where the class says
            values.push_back(static_cast<std::uint8_t>((i * 2654435761 >> 16 & 0x7f) | (bright ? 0x80 : 0)));
        }
        images.values = std::move(values);
        for (std::int64_t r = 0; r < rows; ++r) images.labels.push_back(static_cast<std::int32_t>(r % 10));
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
