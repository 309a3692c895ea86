#include "study/input_distribution.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

namespace evenkeel {
namespace {

constexpr std::size_t bins = 51;  // 0 … 255 in steps of 5, so that bytes fall into bins evenly
constexpr std::size_t most_features = 8;

/// The values of the rows. Bytes are counted once, so that what follows is quick; floats are walked through in the order of
/// memory, twice for their moments and once for each histogram.
class Values {
  public:
    explicit Values(const Examples& rows)
        : features_(static_cast<std::size_t>(elements(rows.shape, "input"))),
          floats_(std::get_if<std::vector<float>>(&rows.values)) {
        if (const auto* bytes = std::get_if<std::vector<std::uint8_t>>(&rows.values)) count(*bytes);
        take_moments(static_cast<double>(rows.rows()));
    }
    std::size_t features() const { return features_; }
    Spread spread(std::size_t f) const { return {mean_[f], std::sqrt(variance_[f]), low_[f], high_[f]}; }

    template <class Visit>  // visit(feature, value, how often)
    void visit(const Visit& visit) const {
        if (floats_ == nullptr) {
            for (std::size_t f = 0; f < features_; ++f) {
                for (std::size_t v = 0; v < 256; ++v) {
                    if (const std::uint32_t n = counts_[f * stride + v]; n > 0) visit(f, static_cast<double>(v), n);
                }
            }
        } else {
            for (const float* row = floats_->data(); row != floats_->data() + floats_->size(); row += features_) {
                for (std::size_t f = 0; f < features_; ++f) visit(f, static_cast<double>(row[f]), 1U);
            }
        }
    }

  private:
    // From one feature's counts to the next: not a power of two, or those of all features would share few sets of the cache.
    static constexpr std::size_t stride = 256 + 16;

    void count(const std::vector<std::uint8_t>& bytes) {
        counts_.assign(features_ * stride, 0);
        for (std::size_t row = 0; row < bytes.size(); row += features_) count_row(bytes.data() + row);
        const auto all = static_cast<std::int64_t>(bytes.size() / features_);
        for (std::size_t f = 0; f < features_; ++f) {
            const auto first = counts_.begin() + static_cast<std::ptrdiff_t>(f * stride);
            *first = static_cast<std::uint32_t>(all - std::accumulate(first + 1, first + 256, std::int64_t{0}));
        }
    }

    // Images are mostly zeros: eight at a time are passed over, and what is not counted was one. Among others zeros are counted
    // like any value, as asking would cost more.
    void count_row(const std::uint8_t* row) {
        std::size_t f = 0;
        for (; f + 8 <= features_; f += 8) {
            std::uint64_t eight = 0;
            std::memcpy(&eight, row + f, 8);
            if (eight == 0) continue;
            for (std::size_t i = f; i < f + 8; ++i) ++counts_[i * stride + row[i]];
        }
        for (; f < features_; ++f) ++counts_[f * stride + row[f]];
    }

    void take_moments(double rows) {
        mean_.assign(features_, 0);
        variance_.assign(features_, 0);
        low_.assign(features_, std::numeric_limits<double>::infinity());
        high_.assign(features_, -std::numeric_limits<double>::infinity());
        visit([&](std::size_t f, double x, std::uint32_t n) {
            mean_[f] += x * n;
            low_[f] = std::min(low_[f], x);
            high_[f] = std::max(high_[f], x);
        });
        for (double& mean : mean_) mean /= rows;
        visit([&](std::size_t f, double x, std::uint32_t n) { variance_[f] += (x - mean_[f]) * (x - mean_[f]) * n; });
        for (double& variance : variance_) variance /= rows;
    }

    std::size_t features_;
    const std::vector<float>* floats_;
    std::vector<std::uint32_t> counts_;  ///< [features, stride]; rows are fewer than 2³² (data/assemble.cpp)
    std::vector<double> mean_, variance_, low_, high_;  ///< [features]
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

Spread scaled(const Spread& s, const Affine& affine) {
    const auto [low, high] = std::minmax({affine(s.low), affine(s.high)});
    return {affine(s.mean), std::abs(affine.scale) * s.deviation, low, high};
}

/// Of all features together, each with as many values as another.
Spread pooled(const std::vector<Spread>& features) {
    Spread all = features.front();
    const auto n = static_cast<double>(features.size());
    all.mean = all.deviation = 0;
    for (const Spread& s : features) {
        all.mean += s.mean / n;
        all.low = std::min(all.low, s.low);
        all.high = std::max(all.high, s.high);
    }
    double variance = 0;
    for (const Spread& s : features) variance += s.deviation * s.deviation + (s.mean - all.mean) * (s.mean - all.mean);
    all.deviation = std::sqrt(variance / n);
    return all;
}

std::vector<std::int64_t> histogram(const Values& values, const Scaling& scaling, const Spread& all, double width) {
    std::vector<Affine> affine;
    for (std::size_t f = 0; f < values.features(); ++f) affine.push_back(scaling.of(f));
    const double per_bin = bins / width;
    std::array<std::array<std::int64_t, bins>, 4> counts{};  // neighbours are often alike: in turns they need not wait
    values.visit([&](std::size_t f, double x, std::uint32_t n) {
        // A value on an edge belongs to the bin that begins there, however its scaled value rounds.
        const double place = (affine[f](x) - all.low) * per_bin + 1e-9;
        counts[f % 4][static_cast<std::size_t>(std::min(std::max(0.0, place), bins - 1.0))] += n;
    });
    std::vector<std::int64_t> all_counts(bins);
    for (std::size_t b = 0; b < bins; ++b)
        for (const auto& part : counts) all_counts[b] += part[b];
    return all_counts;
}

ValueDistribution distribution(const Values& values, const std::vector<std::size_t>& chosen, const Scaling& scaling) {
    std::vector<Spread> features;
    for (std::size_t f = 0; f < values.features(); ++f) features.push_back(scaled(values.spread(f), scaling.of(f)));
    ValueDistribution d;
    d.all = pooled(features);
    const double width = d.all.high > d.all.low ? d.all.high - d.all.low : 1;
    for (std::size_t b = 0; b <= bins; ++b) d.edges.push_back(d.all.low + width * static_cast<double>(b) / bins);
    d.counts = histogram(values, scaling, d.all, width);
    for (const std::size_t f : chosen) d.features.push_back(features[f]);
    return d;
}

/// Columns with names in their order; of pixels those that vary most, for a rim of zeros says nothing.
std::vector<std::size_t> chosen_features(const Values& values, bool named) {
    std::vector<std::size_t> chosen(values.features());
    std::iota(chosen.begin(), chosen.end(), std::size_t{0});
    if (chosen.size() <= most_features) return chosen;
    if (!named) {
        std::vector<double> deviation;
        for (const std::size_t f : chosen) deviation.push_back(values.spread(f).deviation);
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
