#include "evenkeel/data/digits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "data/glyphs.hpp"
#include "evenkeel/core/error.hpp"
#include "evenkeel/core/random.hpp"

namespace evenkeel {
namespace {

constexpr int side = 28;
using Field = std::array<float, side * side>;

std::size_t pixel_index(int row, int column) {
    return static_cast<std::size_t>(row) * side + static_cast<std::size_t>(column);
}

// The draws of one image. 4096 of them belong to each, more than any uses.
class Draws {
  public:
    Draws(std::uint64_t seed, std::uint64_t image) : random_(seed, purpose_of("digits")), next_(image << 12) {}
    double between(double low, double high) { return low + (high - low) * random_.uniform(next_++); }
    double normal(double deviation) { return deviation * random_.normal(next_++); }
    bool chance(double probability) { return random_.uniform(next_++) < probability; }
    std::uint64_t below(std::uint64_t bound) { return random_.below(next_++, bound); }
    std::uint32_t bits() { return random_.bits(next_++); }

  private:
    Random random_;
    std::uint64_t next_;
};

// How a writer turns the glyph's plane into pixels: x' = A x + shift, with a slow sine that bends every line.
class Hand {
  public:
    explicit Hand(Draws& draws) {
        const double turn = draws.normal(0.1), slant = draws.normal(0.2);
        const double wide = draws.between(8.0, 10.5), high = draws.between(8.5, 10.0);
        a_ = wide * std::cos(turn);
        b_ = high * (slant * std::cos(turn) - std::sin(turn));
        c_ = wide * std::sin(turn);
        d_ = high * (slant * std::sin(turn) + std::cos(turn));
        x_ = (side - 1) / 2.0 + draws.normal(0.85);
        y_ = (side - 1) / 2.0 + draws.normal(0.85);
        for (Wave* wave : {&bend_x_, &bend_y_}) {
            *wave = {draws.normal(0.09), draws.between(1.0, 4.0), draws.between(1.0, 4.0),
                     draws.between(0, 2 * std::numbers::pi)};
        }
    }
    Point place(Point p) const {
        const double x = p.x + bend_x_.at(p), y = p.y + bend_y_.at(p);
        return {a_ * x + b_ * y + x_, c_ * x + d_ * y + y_};
    }

  private:
    struct Wave {
        double height, along_x, along_y, phase;
        double at(Point p) const { return height * std::sin(along_x * p.x + along_y * p.y + phase); }
    };
    double a_, b_, c_, d_, x_, y_;
    Wave bend_x_{}, bend_y_{};
};

// Ink of a round pen drawn from p to q: full within its radius, fading over one pixel. The darkest stroke
// wins.
void draw(Field& ink, Point p, Point q, double radius, double darkness) {
    const auto first = [&](double u, double v) {
        return std::clamp(static_cast<int>(std::min(u, v) - radius - 1), 0, side);
    };
    const auto last = [&](double u, double v) {
        return std::clamp(static_cast<int>(std::max(u, v) + radius + 2), 0, side);
    };
    const auto px = static_cast<float>(p.x), py = static_cast<float>(p.y);
    const auto dx = static_cast<float>(q.x - p.x), dy = static_cast<float>(q.y - p.y);
    const float inverse = 1.0f / std::max(dx * dx + dy * dy, 1e-12f);
    const auto reach = static_cast<float>(radius + 0.5), dark = static_cast<float>(darkness);
    for (int y = first(p.y, q.y); y < last(p.y, q.y); ++y) {
        for (int x = first(p.x, q.x); x < last(p.x, q.x); ++x) {
            const float ux = static_cast<float>(x) - px, uy = static_cast<float>(y) - py;
            const float t = std::clamp((ux * dx + uy * dy) * inverse, 0.0f, 1.0f);
            const float ex = ux - t * dx, ey = uy - t * dy;
            const float squared = ex * ex + ey * ey;
            if (squared >= reach * reach) continue;
            const float amount = std::min(reach - std::sqrt(squared), 1.0f) * dark;
            float& pixel = ink[pixel_index(y, x)];
            pixel = std::max(pixel, amount);
        }
    }
}

void draw_glyph(Field& ink, int label, Draws& draws) {
    const Habit habit{draws.between(0, 1), draws.between(0, 1), draws.between(0, 1)};
    const Hand hand(draws);
    const double radius = draws.between(0.8, 1.8), darkness = draws.between(0.75, 1.0);
    for (Stroke& stroke : glyph(label, habit)) {
        const Point slip{draws.normal(0.04), draws.normal(0.04)};  // strokes do not meet exactly
        for (Point& point : stroke) point = hand.place({point.x + slip.x, point.y + slip.y});
        for (std::size_t i = 1; i < stroke.size(); ++i) draw(ink, stroke[i - 1], stroke[i], radius, darkness);
    }
}

// Dirt: a stray mark somewhere, a rubbed-out patch.
void soil(Field& ink, Draws& draws) {
    if (draws.chance(0.3)) {
        const Point from{draws.between(0, side), draws.between(0, side)};
        const Point to{from.x + draws.normal(4), from.y + draws.normal(4)};
        draw(ink, from, to, draws.between(0.4, 1.1), draws.between(0.4, 1.0));
    }
    if (draws.chance(0.3)) {
        const double x = draws.between(5, side - 5), y = draws.between(5, side - 5), radius = draws.between(1.5, 3.0);
        for (int row = 0; row < side; ++row) {
            for (int column = 0; column < side; ++column) {
                if ((column - x) * (column - x) + (row - y) * (row - y) < radius * radius)
                    ink[pixel_index(row, column)] *= 0.1f;
            }
        }
    }
}

}  // namespace

DigitImage draw_digit(std::uint64_t seed, std::uint64_t index) {
    Draws draws(seed, index);
    DigitImage image;
    image.label = static_cast<std::int32_t>(draws.below(10));
    Field ink{};
    draw_glyph(ink, image.label, draws);
    soil(ink, draws);
    const auto grain = static_cast<float>(draws.between(0.0, 0.3));  // of the paper: uniform noise of ± grain
    std::array<std::uint8_t, side * side> specks;
    for (std::size_t i = 0; i < specks.size(); i += 4) {
        const std::uint32_t four = draws.bits();
        for (std::size_t j = 0; j < 4; ++j) specks[i + j] = static_cast<std::uint8_t>(four >> (8 * j));
    }
    for (std::size_t i = 0; i < ink.size(); ++i) {
        const float noise = (static_cast<float>(specks[i]) - 127.5f) / 127.5f;
        image.pixels[i] =
            static_cast<std::uint8_t>(std::floor(std::clamp(ink[i] + grain * noise, 0.0f, 1.0f) * 255.0f + 0.5f));
    }
    return image;
}

Dataset make_digits(const DigitsOptions& options) {
    constexpr std::int64_t most = std::int64_t{1} << 31;
    if (options.train_rows < 1 || options.test_rows < 1 || options.train_rows > most || options.test_rows > most) {
        fail_input("digits", "1 to 2^31 training and test rows",
                   fmt::format("{} and {}", options.train_rows, options.test_rows));
    }
    Dataset data;
    data.name = "digits";
    data.classes = 10;
    std::uint64_t index = 0;
    for (auto [half, rows] : {std::pair{&data.train, options.train_rows}, std::pair{&data.test, options.test_rows}}) {
        half->shape = {side, side};
        std::vector<std::uint8_t> pixels;
        pixels.reserve(static_cast<std::size_t>(rows) * side * side);
        half->labels.reserve(static_cast<std::size_t>(rows));
        for (std::int64_t row = 0; row < rows; ++row) {
            const DigitImage image = draw_digit(options.seed, index++);
            pixels.insert(pixels.end(), image.pixels.begin(), image.pixels.end());
            half->labels.push_back(image.label);
        }
        half->values = std::move(pixels);
    }
    return data;
}

}  // namespace evenkeel
