#include "evenkeel/model/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "evenkeel/model/variables.hpp"

namespace evenkeel {
namespace {

constexpr std::array<std::size_t, 3> widths = {41, 18, 11};  // of the texts, without a space at either side

bool starts_character(char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
}

std::size_t length_of(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_character));
}

std::string cut(const std::string& text, std::size_t width) {
    if (length_of(text) <= width) return text;
    std::string out;
    std::size_t taken = 0;
    for (const char c : text) {
        if (starts_character(c) && ++taken == width) break;
        out += c;
    }
    return out.append("…");
}

std::string cell(const std::string& text, std::size_t width, bool to_the_right) {
    const std::string shorter = cut(text, width);
    const std::string space(width - length_of(shorter), ' ');
    return to_the_right ? fmt::format("{}{}", space, shorter) : fmt::format("{}{}", shorter, space);
}

std::string row(const std::array<std::string, 3>& texts, const char* bar) {
    std::string out = bar;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        out += fmt::format(" {} {}", cell(texts[i], widths[i], i == 2), bar);
    }
    return out + "\n";
}

std::string rule(const char* left, const char* line, const char* middle, const char* right) {
    std::string out = left;
    for (std::size_t i = 0; i < widths.size(); ++i) {
        if (i > 0) out += middle;
        for (std::size_t k = 0; k < widths[i] + 2; ++k) out += line;
    }
    return out + right + "\n";
}

// 111146 → "111,146"
std::string with_commas(std::int64_t number) {
    std::string digits = fmt::format("{}", number);
    for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
        digits.insert(static_cast<std::size_t>(at), 1, ',');
    }
    return digits;
}

std::string total(const char* what, std::int64_t parameters) {
    const double bytes = 4.0 * static_cast<double>(parameters);
    constexpr std::array units = {"B", "KB", "MB", "GB", "TB"};
    std::size_t unit = 0;
    double shown = bytes;
    while (shown >= 1024 && unit + 1 < units.size()) {
        shown /= 1024;
        ++unit;
    }
    return fmt::format(" {}: {} ({:.2f} {})\n", what, with_commas(parameters), shown, units[unit]);
}

// Names come from files: a control character would break the table.
std::string plain(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](char c) { return std::iscntrl(static_cast<unsigned char>(c)) != 0; }, '?');
    return text;
}

}  // namespace

std::string summary(const ModelDescription& description) {
    const bool built = !description.layers.empty() && std::holds_alternative<Input>(description.layers.front());
    const std::vector<Shape> shapes = built ? description.shapes() : std::vector<Shape>{};
    const VariableLayout layout = built ? VariableLayout(description) : VariableLayout{};
    std::vector<std::int64_t> parameters(description.layers.size(), 0);
    for (const Variable& v : layout.variables) parameters[static_cast<std::size_t>(v.layer)] += v.size;

    std::string out = fmt::format("Model: \"{}\"\n", cut(plain(description.name), 60));
    out += rule("┏", "━", "┳", "┓");
    out += row({"Layer (type)", "Output Shape", "Param #"}, "┃");
    out += rule("┡", "━", "╇", "┩");
    bool first = true;
    for (std::size_t i = 0; i < description.layers.size(); ++i) {
        const Layer& layer = description.layers[i];
        if (std::holds_alternative<Input>(layer)) continue;  // as Keras does
        if (!first) out += rule("├", "─", "┼", "┤");
        first = false;
        out += row({fmt::format("{} ({})", plain(layer_name(layer)), class_name(layer)),
                    built ? to_string_with_batch(shapes[i + 1]) : "?", built ? with_commas(parameters[i]) : "?"},
                   "│");
    }
    out += rule("└", "─", "┴", "┘");
    if (!built) return out;
    const std::int64_t trainable = layout.trainable_parameters();
    const std::int64_t others = layout.non_trainable_parameters();
    return out + total("Total params", trainable + others) + total("Trainable params", trainable) +
           total("Non-trainable params", others);
}

}  // namespace evenkeel
