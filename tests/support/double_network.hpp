#pragma once

// A whole network's loss in double, written from the layers' definitions and the reference templates only: no
// code of src/plan. Slow and plain, to be differentiated numerically.

#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "evenkeel/model/compilation.hpp"
#include "evenkeel/model/variables.hpp"
#include "kernels/reference/activation.hpp"
#include "kernels/reference/batch_normalization.hpp"
#include "kernels/reference/dense.hpp"
#include "kernels/reference/loss.hpp"

namespace evenkeel::testing {

class DoubleNetwork {
  public:
    using Values = std::vector<double>;

    DoubleNetwork(const ModelDescription& description, const VariableLayout& layout, const Loss& loss,
                  Values statistics)
        : description_(description),
          layout_(layout),
          loss_(loss),
          shapes_(description.shapes()),
          statistics_(std::move(statistics)) {}

    /// Training-mode loss without regularizers. weights: laid out like the engine's.
    double loss(const Values& weights, const Values& x, std::int64_t rows, const std::vector<std::int32_t>& labels,
                const Values& targets, const Values& sample_weights) const {
        const Values p = forward(weights, x, rows);
        const std::int64_t width = static_cast<std::int64_t>(p.size()) / rows;
        Values unused(static_cast<std::size_t>(width));
        double sum = 0;
        for (std::int64_t r = 0; r < rows; ++r) {
            Values t(static_cast<std::size_t>(width));
            for (std::int64_t j = 0; j < width; ++j)
                t[j] = labels.empty() ? targets[r * width + j] : (labels[r] == j ? 1.0 : 0.0);
            sum += row_loss(width, p.data() + r * width, t.data(), unused.data()) *
                   (sample_weights.empty() ? 1.0 : sample_weights[r]);
        }
        return sum / static_cast<double>(rows);
    }

    Values forward(const Values& weights, const Values& x, std::int64_t rows) const {
        Values v = x;
        for (std::size_t i = 0; i < description_.layers.size(); ++i) {
            const Shape& in = shapes_[i];
            const int layer = static_cast<int>(i);
            const Layer& l = description_.layers[i];
            if (const auto* dense = std::get_if<Dense>(&l)) {
                v = activate(activation_from_word(dense->activation), run_dense(*dense, layer, weights, in.back(), v),
                             dense->units);
            } else if (const auto* bn = std::get_if<BatchNormalization>(&l)) {
                v = normalize(*bn, layer, weights, in, v, rows);
            } else if (const auto* relu = std::get_if<ReLU>(&l)) {
                kernels::Pointwise g{kernels::PointwiseKind::relu, static_cast<float>(relu->negative_slope),
                                     static_cast<float>(relu->threshold)};
                if (relu->max_value) g.max_value = static_cast<float>(*relu->max_value);
                for (double& e : v) e = kernels::reference::activate(g, e);
            } else if (const auto* activation = std::get_if<Activation>(&l)) {
                v = activate(activation->kind, v, in.back());
            } else if (const auto* rescaling = std::get_if<Rescaling>(&l)) {
                for (double& e : v) e = e * rescaling->scale + rescaling->offset;
            } else if (const auto* given = std::get_if<Normalization>(&l)) {
                scale(*given, layer, in.back(), v);
            } else if (const auto* dropout = std::get_if<Dropout>(&l); dropout != nullptr && dropout->rate != 0) {
                throw std::runtime_error("no numeric gradient through a random mask");
            }
        }
        return v;
    }

  private:
    const double* find(const Values& buffer, int layer, Role role) const {
        const Variable* variable = layout_.find(layer, role);
        return variable == nullptr ? nullptr : buffer.data() + variable->offset;
    }

    Values run_dense(const Dense& dense, int layer, const Values& weights, std::int64_t in, const Values& x) const {
        const std::int64_t rows = static_cast<std::int64_t>(x.size()) / in;
        Values y(static_cast<std::size_t>(rows * dense.units));
        kernels::reference::dense(rows, in, dense.units, x.data(), find(weights, layer, Role::kernel),
                                  find(weights, layer, Role::bias), y.data());
        return y;
    }

    Values normalize(const BatchNormalization& bn, int layer, const Values& weights, const Shape& in, const Values& x,
                     std::int64_t rows) const {
        const int rank = static_cast<int>(in.size()) + 1, axis = bn.axis < 0 ? bn.axis + rank : bn.axis;
        kernels::reference::BatchShape s{rows, in[static_cast<std::size_t>(axis - 1)], 1};
        for (int a = 1; a < axis; ++a) s.outer *= in[static_cast<std::size_t>(a - 1)];
        for (int a = axis + 1; a < rank; ++a) s.inner *= in[static_cast<std::size_t>(a - 1)];
        Values mean(static_cast<std::size_t>(s.channels)), variance(mean.size()), y(x.size());
        if (bn.frozen()) {
            std::copy_n(find(statistics_, layer, Role::moving_mean), s.channels, mean.begin());
            std::copy_n(find(statistics_, layer, Role::moving_variance), s.channels, variance.begin());
        } else {
            kernels::reference::batch_statistics(s, x.data(), mean.data(), variance.data());
        }
        kernels::reference::normalize(s, x.data(), mean.data(), variance.data(), bn.epsilon,
                                      find(weights, layer, Role::gamma), find(weights, layer, Role::beta), y.data());
        return y;
    }

    void scale(const Normalization& given, int layer, std::int64_t features, Values& v) const {
        for (std::size_t i = 0; i < v.size(); ++i) {
            const std::size_t f = i % static_cast<std::size_t>(features);
            const double mean = given.mean.empty() ? find(statistics_, layer, Role::mean)[f] : given.mean[f];
            const double variance =
                given.mean.empty() ? find(statistics_, layer, Role::variance)[f] : given.variance[f];
            v[i] = (v[i] - mean) / std::max(std::sqrt(variance), 1e-7);
        }
    }

    static Values activate(ActivationKind kind, Values v, std::int64_t width) {
        using kernels::PointwiseKind;
        const auto each = [&](PointwiseKind g) {
            for (double& e : v) e = kernels::reference::activate(kernels::Pointwise{g}, e);
        };
        switch (kind) {
            case ActivationKind::linear:
                break;
            case ActivationKind::relu:
                each(PointwiseKind::relu);
                break;
            case ActivationKind::sigmoid:
                each(PointwiseKind::sigmoid);
                break;
            case ActivationKind::tanh:
                each(PointwiseKind::tanh);
                break;
            case ActivationKind::elu:
                each(PointwiseKind::elu);
                break;
            case ActivationKind::gelu:
                each(PointwiseKind::gelu);
                break;
            case ActivationKind::silu:
                each(PointwiseKind::silu);
                break;
            case ActivationKind::softmax:
                kernels::reference::softmax(static_cast<std::int64_t>(v.size()) / width, width, v.data(), v.data());
                break;
        }
        return v;
    }

    double row_loss(std::int64_t n, const double* p, const double* t, double* g) const {
        namespace reference = kernels::reference;
        switch (loss_.kind) {
            case LossKind::sparse_categorical_crossentropy:
            case LossKind::categorical_crossentropy:
                return loss_.from_logits ? reference::softmax_crossentropy(n, p, t, g)
                                         : reference::categorical_crossentropy(n, p, t, g);
            case LossKind::binary_crossentropy:
                return loss_.from_logits ? reference::sigmoid_crossentropy(n, p, t, g)
                                         : reference::binary_crossentropy(n, p, t, g);
            case LossKind::mean_squared_error:
                return reference::mean_squared_error(n, p, t, g);
            case LossKind::huber:
                return reference::huber(n, loss_.delta, p, t, g);
            case LossKind::custom:
                break;
        }
        throw std::runtime_error("a loss that this network does not know");
    }

    const ModelDescription& description_;
    const VariableLayout& layout_;
    const Loss& loss_;
    std::vector<Shape> shapes_;
    Values statistics_;
};

}  // namespace evenkeel::testing
