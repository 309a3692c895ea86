#include "study/input_distribution.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

namespace evenkeel {
namespace {

constexpr std::size_t bins = 51;  // 0 … 255 in steps of 5, so that bytes fall into bins evenly
constexpr std::size_t most_features = 8;

/// A feature's values, each with how often it occurs. Bytes are counted once, so that what follows is quick.
class Values {
  public:
    explicit Values(const Examples& rows)
        : features_(static_cast<std::size_t>(elements(rows.shape, "input"))),
          floats_(std::get_if<std::vector<float>>(&rows.values)) {
        const auto* bytes = std::get_if<std::vector<std::uint8_t>>(&rows.values);
        if (bytes == nullptr) return;
        counts_.assign(features_ * stride, 0);
        for (std::size_t row = 0; row < bytes->size(); row += features_) count_row(bytes->data() + row);
        const auto all = static_cast<std::int64_t>(bytes->size() / features_);
        for (std::size_t f = 0; f < features_; ++f) {
            const auto first = counts_.begin() + static_cast<std::ptrdiff_t>(f * stride);
            *first = static_cast<std::uint32_t>(all - std::accumulate(first + 1, first + 256, std::int64_t{0}));
        }
    }
    std::size_t features() const { return features_; }

    template <class Visit>  // visit(value, how often)
    void visit(std::size_t f, const Visit& visit) const {
        if (floats_ == nullptr) {
            for (std::size_t v = 0; v < 256; ++v) {
                if (const std::int64_t n = counts_[f * stride + v]; n > 0) visit(static_cast<double>(v), n);
            }
        } else {
            for (std::size_t i = f; i < floats_->size(); i += features_) visit((*floats_)[i], std::int64_t{1});
        }
    }

  private:
    // From one feature's counts to the next: not a power of two, or those of all features would share few sets of the cache.
    static constexpr std::size_t stride = 256 + 16;

    // Images are mostly zeros: eight at a time are passed over, and what is not counted was one. Among others zeros are counted
    // like any value, as asking would cost more.
    void count_row(const std::uint8_t* row) {
        for (std::size_t f = 0; f < features_; f += 8) {
            const std::size_t n = std::min<std::size_t>(8, features_ - f);
            std::uint64_t eight = 0;
            std::memcpy(&eight, row + f, n);
            if (eight == 0) continue;
            for (std::size_t i = f; i < f + n; ++i) ++counts_[i * stride + row[i]];
        }
    }

    std::size_t features_;
    const std::vector<float>* floats_;
    std::vector<std::uint32_t> counts_;  ///< [features, stride]; rows are fewer than 2³² (data/assemble.cpp)
};

/// x·scale + offset: what the leading layer does to a feature.
struct Affine {
    double scale = 1, offset = 0;
    double operator()(double x) const { return x * scale + offset; }
};

/// One Affine a feature, or one for all of them. None where the layer's mean is not in the description.
struct Scaling {
    std::string word = "none";
    std::vector<Affine> affine = {Affine{}};
    const Affine& of(std::size_t f) const { return affine[f % affine.size()]; }
};

Scaling scaling_of(const ModelDescription& model) {
    for (const Layer& layer : model.layers) {
        if (const auto* rescaling = std::get_if<Rescaling>(&layer))
            return {"rescaling", {{rescaling->scale, rescaling->offset}}};
        if (const auto* n = std::get_if<Normalization>(&layer)) {
            Scaling scaling{"normalization", {}};
            for (std::size_t f = 0; f < n->mean.size(); ++f) {
                const double deviation = std::max(std::sqrt(n->variance[f]), 1e-7);
                scaling.affine.push_back({1 / deviation, -n->mean[f] / deviation});
            }
            return scaling;
        }
        if (!std::holds_alternative<Input>(layer) && !std::holds_alternative<Flatten>(layer)) break;
    }
    return {};
}

Spread spread(const Values& values, const std::vector<std::size_t>& features, const Scaling& scaling) {
    Spread s{0, 0, std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
    double n = 0;
    const auto each = [&](const auto& visit) {
        for (const std::size_t f : features) {
            const Affine& affine = scaling.of(f);
            values.visit(f, [&](double x, std::int64_t count) { visit(affine(x), static_cast<double>(count)); });
        }
    };
    each([&](double x, double count) {
        s.mean += x * count;
        n += count;
        s.low = std::min(s.low, x);
        s.high = std::max(s.high, x);
    });
    s.mean /= n;
    each([&](double x, double count) { s.deviation += (x - s.mean) * (x - s.mean) * count; });
    s.deviation = std::sqrt(s.deviation / n);
    return s;
}

ValueDistribution distribution(const Values& values, const std::vector<std::size_t>& chosen, const Scaling& scaling) {
    std::vector<std::size_t> every(values.features());
    std::iota(every.begin(), every.end(), std::size_t{0});
    ValueDistribution d;
    d.all = spread(values, every, scaling);
    const double width = d.all.high > d.all.low ? d.all.high - d.all.low : 1;
    for (std::size_t b = 0; b <= bins; ++b) d.edges.push_back(d.all.low + width * static_cast<double>(b) / bins);
    d.counts.assign(bins, 0);
    for (const std::size_t f : every) {
        const Affine& affine = scaling.of(f);
        values.visit(f, [&](double x, std::int64_t count) {
            // A value on an edge belongs to the bin that begins there, however its scaled value rounds.
            const double place = std::floor((affine(x) - d.all.low) / width * bins + 1e-9);
            d.counts[std::min(static_cast<std::size_t>(std::max(place, 0.0)), bins - 1)] += count;
        });
    }
    for (const std::size_t f : chosen) d.features.push_back(spread(values, {f}, scaling));
    return d;
}

/// Columns with names in their order; of pixels those that vary most, for a rim of zeros says nothing.
std::vector<std::size_t> chosen_features(const Values& values, bool named) {
    std::vector<std::size_t> chosen(values.features());
    std::iota(chosen.begin(), chosen.end(), std::size_t{0});
    if (chosen.size() <= most_features) return chosen;
    if (!named) {
        std::vector<double> deviation;
        for (const std::size_t f : chosen) deviation.push_back(spread(values, {f}, {}).deviation);
        std::stable_sort(chosen.begin(), chosen.end(), [&](auto a, auto b) { return deviation[a] > deviation[b]; });
    }
    chosen.resize(most_features);
    std::sort(chosen.begin(), chosen.end());
    return chosen;
}

std::string name_of(std::size_t f, const Shape& shape, const std::vector<std::string>& names) {
    if (f < names.size()) return names[f];
    if (shape.size() != 2) return fmt::format("x{}", f + 1);
    const auto columns = static_cast<std::size_t>(shape[1]);
    return fmt::format("row {}, column {}", f / columns + 1, f % columns + 1);
}

nlohmann::json spread_json(const Spread& s) {
    return {{"mean", s.mean}, {"std", s.deviation}, {"min", s.low}, {"max", s.high}};
}

nlohmann::json distribution_json(const ValueDistribution& d, const std::vector<std::string>& names) {
    nlohmann::json j = spread_json(d.all);
    j["histogram"] = {{"edges", d.edges}, {"counts", d.counts}};
    j["features"] = nlohmann::json::array();
    for (std::size_t f = 0; f < d.features.size(); ++f) {
        j["features"].push_back(spread_json(d.features[f]));
        j["features"].back()["name"] = names[f];
    }
    return j;
}

}  // namespace

InputDistribution input_distribution(const Examples& train, const std::vector<std::string>& feature_names,
                                     const ModelDescription& model) {
    const Values values(train);
    const Scaling scaling = scaling_of(model);
    const std::vector<std::size_t> chosen = chosen_features(values, !feature_names.empty());
    InputDistribution input;
    input.scaling = scaling.word;
    input.rows = train.rows();
    for (const std::size_t f : chosen) input.features.push_back(name_of(f, train.shape, feature_names));
    input.before = distribution(values, chosen, {});
    if (!scaling.affine.empty()) input.after = distribution(values, chosen, scaling);
    return input;
}

nlohmann::json to_json(const InputDistribution& input) {
    nlohmann::json j = {
        {"scaling", input.scaling}, {"rows", input.rows}, {"before", distribution_json(input.before, input.features)}};
    if (!input.after.counts.empty()) j["after"] = distribution_json(input.after, input.features);
    return j;
}

}  // namespace evenkeel
