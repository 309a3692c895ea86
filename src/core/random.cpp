#include "evenkeel/core/random.hpp"

#include <Random123/philox.h>

#include <array>
#include <cmath>
#include <numbers>
#include <utility>

namespace evenkeel {
namespace {

// One Philox block: 128 random bits for the counter (index, purpose) under the key seed.
std::array<std::uint32_t, 4> block(std::uint64_t seed, std::uint64_t purpose, std::uint64_t index) {
    const r123::Philox4x32 philox;
    const r123::Philox4x32::ctr_type counter = {
        {static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32),
         static_cast<std::uint32_t>(purpose), static_cast<std::uint32_t>(purpose >> 32)}};
    const r123::Philox4x32::key_type key = {{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}};
    const auto r = philox(counter, key);
    return {r[0], r[1], r[2], r[3]};
}

double to_unit(std::uint32_t high, std::uint32_t low) {
    const std::uint64_t bits53 = ((static_cast<std::uint64_t>(high) << 32) | low) >> 11;
    return (static_cast<double>(bits53) + 0.5) * 0x1p-53;
}

}  // namespace

std::uint32_t Random::bits(std::uint64_t index) const noexcept {
    return block(seed_, purpose_, index)[0];
}

double Random::uniform(std::uint64_t index) const noexcept {
    const auto r = block(seed_, purpose_, index);
    return to_unit(r[0], r[1]);
}

double Random::normal(std::uint64_t index) const noexcept {
    const auto r = block(seed_, purpose_, index);
    return std::sqrt(-2.0 * std::log(to_unit(r[0], r[1]))) * std::cos(2.0 * std::numbers::pi * to_unit(r[2], r[3]));
}

std::uint64_t Random::below(std::uint64_t index, std::uint64_t bound) const noexcept {
    // Multiply-shift on 64 bits: the bias is below bound / 2^64, far under what any test could see.
    const auto r = block(seed_, purpose_, index);
    const std::uint64_t bits64 = (static_cast<std::uint64_t>(r[0]) << 32) | r[1];
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(bits64) * bound) >> 64);
}

std::uint64_t purpose_of(const char* what, const char* whose) noexcept {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    const auto mix = [&hash](unsigned char byte) { hash = (hash ^ byte) * 0x100000001b3ULL; };
    for (const char* c = what; *c != '\0'; ++c) mix(static_cast<unsigned char>(*c));
    mix(0);
    for (const char* c = whose; *c != '\0'; ++c) mix(static_cast<unsigned char>(*c));
    return hash;
}

void permutation(const Random& random, std::vector<std::uint32_t>& out) {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint32_t>(i);
    for (std::size_t i = out.size(); i > 1; --i) std::swap(out[i - 1], out[random.below(i, i)]);
}

}  // namespace evenkeel
