#include "evenkeel/model/loss.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <charconv>

#include "evenkeel/core/error.hpp"

namespace evenkeel {
namespace {

// In the order of LossKind, without custom.
constexpr std::array words = {"sparse_categorical_crossentropy", "categorical_crossentropy", "binary_crossentropy",
                              "mean_squared_error", "huber"};

}  // namespace

Loss::Loss(const char* word) : Loss(std::string(word)) {}

Loss::Loss(const std::string& word) {
    const std::string_view full = word == "mse" ? "mean_squared_error" : std::string_view(word);
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (full == words[i]) {
            kind = static_cast<LossKind>(i);
            return;
        }
    }
    fail_input("loss", fmt::format("one of {}", fmt::join(words, ", ")), fmt::format("\"{}\"", word));
}

Loss::Loss(CustomLoss function) : kind(LossKind::custom), custom(std::move(function)) {
    if (!custom) fail_input("loss", "a function", "an empty one");
}

const char* to_word(LossKind kind) {
    return kind == LossKind::custom ? "custom" : words[static_cast<std::size_t>(kind)];
}

std::span<const char* const> loss_words() {
    return words;
}

Metric::Metric(const char* word) : Metric(std::string(word)) {}

Metric::Metric(const std::string& word) {
    if (word == "accuracy" || word == "acc" || word == "sparse_categorical_accuracy") return;
    if (word == "mae" || word == "mean_absolute_error") {
        kind = Kind::mean_absolute_error;
        return;
    }
    if (word == "top_k_accuracy") {
        kind = Kind::top_k_accuracy;
        return;
    }
    if (word.starts_with("top_") && word.ends_with("_accuracy") && word.size() > 13) {
        const char* first = word.data() + 4;
        const char* last = word.data() + word.size() - 9;
        const auto [end, status] = std::from_chars(first, last, k);
        if (status == std::errc{} && end == last && k >= 1) {
            kind = Kind::top_k_accuracy;
            return;
        }
    }
    fail_input("metrics", "accuracy, top_k_accuracy, top_3_accuracy (any k ≥ 1) or mean_absolute_error",
               fmt::format("\"{}\"", word));
}

std::string Metric::word() const {
    switch (kind) {
        case Kind::accuracy:
            return "accuracy";
        case Kind::top_k_accuracy:
            return fmt::format("top_{}_accuracy", k);
        case Kind::mean_absolute_error:
            return "mean_absolute_error";
    }
    return {};
}

}  // namespace evenkeel
