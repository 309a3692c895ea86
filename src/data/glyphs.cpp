#include "data/glyphs.hpp"

#include <cmath>
#include <numbers>

namespace evenkeel {
namespace {

// Appends points from the last one (or the first given) to `to`, dense enough that a wobble bends the line.
void line(Stroke& stroke, Point to) {
    if (stroke.empty()) {
        stroke.push_back(to);
        return;
    }
    const Point from = stroke.back();
    constexpr int pieces = 4;
    for (int i = 1; i <= pieces; ++i) {
        const double t = static_cast<double>(i) / pieces;
        stroke.push_back({from.x + t * (to.x - from.x), from.y + t * (to.y - from.y)});
    }
}

// Appends an arc of an ellipse, angles in degrees clockwise from the right (y points down): 270 is the top.
void arc(Stroke& stroke, Point centre, Point radius, double from, double to) {
    const int pieces = std::max(2, static_cast<int>(std::abs(to - from) / 30));
    for (int i = 0; i <= pieces; ++i) {
        const double angle = (from + (to - from) * i / pieces) * std::numbers::pi / 180;
        stroke.push_back({centre.x + radius.x * std::cos(angle), centre.y + radius.y * std::sin(angle)});
    }
}

Stroke segment(Point from, Point to) {
    Stroke stroke;
    line(stroke, from);
    line(stroke, to);
    return stroke;
}

std::vector<Stroke> one(const Habit& habit) {
    std::vector<Stroke> strokes = {segment({0, -1}, {0, 1})};
    if (habit.form > 0.45) strokes.push_back(segment({-0.15 - 0.3 * habit.extent, -0.75 + 0.3 * habit.width}, {0, -1}));
    if (habit.form > 0.8) strokes.push_back(segment({-0.2 - 0.25 * habit.width, 1}, {0.2 + 0.25 * habit.width, 1}));
    return strokes;
}

std::vector<Stroke> four(const Habit& habit) {
    const double bar = 0.1 + 0.35 * habit.extent, stem = 0.15 + 0.2 * habit.width;
    const bool closed = habit.form > 0.55;
    Stroke corner;
    line(corner, {closed ? stem : -0.45 + 0.5 * habit.width * habit.form, closed ? -1 : -0.9});
    line(corner, {-0.6, bar});
    line(corner, {0.65, bar});
    return {corner, segment({stem, closed ? -1 : -0.6 - 0.3 * habit.extent}, {stem, 1})};
}

}  // namespace

std::vector<Stroke> glyph(int label, const Habit& habit) {
    const double slim = 0.42 + 0.2 * habit.width;  // half the width of round digits
    const double more = 40 * habit.extent;         // degrees
    Stroke a, b;
    switch (label) {
        case 0:
            arc(a, {0, 0}, {slim, 0.97}, 270 - more / 2, 610 + more / 4);
            return {a};
        case 1:
            return one(habit);
        case 2:
            arc(a, {0, -0.48}, {slim, 0.5}, 180 + more / 2, 395);
            line(a, {-0.55, 0.95});
            line(a, {0.35 + 0.3 * habit.extent, 0.95 - 0.15 * habit.form});
            return {a};
        case 3:
            arc(a, {-0.05, -0.49}, {slim * 0.92, 0.49}, 190 + more, 440);
            arc(a, {-0.05, 0.48}, {slim, 0.5}, 280, 480 + more);
            return {a};
        case 4:
            return four(habit);
        case 5:
            line(a, {0.3 + 0.3 * habit.extent, -0.95});
            line(a, {-0.4, -0.95});
            line(a, {-0.45, -0.05 - 0.15 * habit.form});
            arc(a, {-0.05, 0.38}, {slim, 0.57}, 225, 475 + more);
            return {a};
        case 6:
            arc(a, {0.4, 0.35}, {0.4 + slim, 1.33}, 275 - more / 4, 180);
            arc(a, {0, 0.44}, {slim, 0.36 + 0.2 * habit.form}, 180, -190);
            return {a};
        case 7:
            line(a, {-0.55, -0.9});
            line(a, {0.55, -0.95});
            line(a, {-0.3 + 0.4 * habit.width, 1});
            if (habit.form > 0.6) return {a, segment({-0.25, 0.05}, {0.45, 0})};
            return {a};
        case 8:
            arc(a, {0, -0.49}, {slim * 0.85, 0.47}, 90, -270);
            arc(b, {0, 0.48}, {slim, 0.5}, 270, 640 - more / 2);
            return {a, b};
        default:  // 9
            arc(a, {0, -0.46}, {slim * 0.95, 0.36 + 0.18 * habit.width}, 0, -350);
            if (habit.form > 0.5) {
                line(a, {slim * (0.5 + 0.5 * habit.extent), 1});
            } else {
                arc(a, {slim - 0.9, -0.4}, {0.9, 1.38}, 0, 60 + more);
            }
            return {a};
    }
}

}  // namespace evenkeel
