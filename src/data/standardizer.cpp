#include "evenkeel/data/standardizer.hpp"

#include <fmt/format.h>

#include <cmath>

#include "evenkeel/core/error.hpp"

namespace evenkeel {
namespace {

template <class T>
Standardization fit(const std::vector<T>& values, std::size_t features) {
    const std::size_t rows = values.size() / features;
    const auto count = static_cast<double>(rows);
    Standardization fitted;
    // Sums of x − (first row): exactly 0 for a constant feature, however its value rounds.
    std::vector<double> sum(features, 0.0);
    for (std::size_t row = 1; row < rows; ++row) {
        const T* x = values.data() + row * features;
        for (std::size_t f = 0; f < features; ++f) sum[f] += static_cast<double>(x[f]) - static_cast<double>(values[f]);
    }
    fitted.mean.resize(features);
    for (std::size_t f = 0; f < features; ++f) fitted.mean[f] = static_cast<double>(values[f]) + sum[f] / count;

    std::vector<double>& squares = fitted.deviation;
    squares.assign(features, 0.0);
    for (std::size_t row = 0; row < rows; ++row) {
        const T* x = values.data() + row * features;
        for (std::size_t f = 0; f < features; ++f) {
            const double distance = static_cast<double>(x[f]) - fitted.mean[f];
            squares[f] += distance * distance;
        }
    }
    for (std::size_t f = 0; f < features; ++f) {
        if (!std::isfinite(squares[f]))
            fail_input("standardize", "finite values", fmt::format("others in feature {}", f));
        if (squares[f] == 0.0) fitted.constant.push_back(static_cast<std::int64_t>(f));
        fitted.deviation[f] = squares[f] == 0.0 ? 1.0 : std::sqrt(squares[f] / count);
    }
    return fitted;
}

std::size_t features_checked(const Standardization& standardization, std::size_t values) {
    const std::size_t features = standardization.mean.size();
    if (features == 0 || values % features != 0) {
        fail_input("standardize", fmt::format("rows of {} features", features), fmt::format("{} values", values));
    }
    return features;
}

}  // namespace

Standardization fit_standardization(const Examples& rows) {
    const auto features = static_cast<std::size_t>(elements(rows.shape, "standardize"));
    return std::visit(
        [&](const auto& values) {
            if (values.empty() || values.size() % features != 0) {
                fail_input("standardize", fmt::format("rows of {} features", features),
                           fmt::format("{} values", values.size()));
            }
            return fit(values, features);
        },
        rows.values);
}

void standardize(const Standardization& standardization, std::span<float> values) {
    const std::size_t features = features_checked(standardization, values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        const std::size_t f = i % features;
        values[i] = static_cast<float>((values[i] - standardization.mean[f]) / standardization.deviation[f]);
    }
}

void unstandardize(const Standardization& standardization, std::span<float> values) {
    const std::size_t features = features_checked(standardization, values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        const std::size_t f = i % features;
        values[i] = static_cast<float>(values[i] * standardization.deviation[f] + standardization.mean[f]);
    }
}

}  // namespace evenkeel
