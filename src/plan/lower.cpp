#include <fmt/format.h>

#include <cmath>
#include <map>

#include "core/memory.hpp"
#include "evenkeel/core/error.hpp"
#include "kernels/activation.hpp"
#include "kernels/panels.hpp"
#include "kernels/product.hpp"
#include "plan/activation_node.hpp"
#include "plan/dense_node.hpp"
#include "plan/dropout_node.hpp"
#include "plan/graph.hpp"
#include "plan/scaling_node.hpp"

namespace evenkeel {
namespace {

using kernels::Pointwise;
using kernels::PointwiseKind;

// Rows of fewer numbers are not worth looking for zeros in.
constexpr std::int64_t fewest_sparse_features = 448;

/// The activation that stands after or in a layer, if any.
struct Activator {
    bool softmax = false;
    Pointwise pointwise = {};

    bool is_linear() const { return !softmax && pointwise.kind == PointwiseKind::linear; }
};

Activator activator(ActivationKind kind) {
    switch (kind) {
        case ActivationKind::linear:
            return {};
        case ActivationKind::relu:
            return {.pointwise = {PointwiseKind::relu}};
        case ActivationKind::sigmoid:
            return {.pointwise = {PointwiseKind::sigmoid}};
        case ActivationKind::tanh:
            return {.pointwise = {PointwiseKind::tanh}};
        case ActivationKind::softmax:
            return {.softmax = true};
        case ActivationKind::elu:
            return {.pointwise = {PointwiseKind::elu}};
        case ActivationKind::gelu:
            return {.pointwise = {PointwiseKind::gelu}};
        case ActivationKind::silu:
            return {.pointwise = {PointwiseKind::silu}};
    }
    return {};
}

Activator activator(const ReLU& layer) {
    Pointwise g{PointwiseKind::relu, static_cast<float>(layer.negative_slope), static_cast<float>(layer.threshold)};
    if (layer.max_value) g.max_value = static_cast<float>(*layer.max_value);
    return {.pointwise = g};
}

/// Lays out values first and memory afterwards: `lower` runs twice, the first time without an arena, to
/// measure it. Decisions depend on which pointers are null, so while measuring, those that will not be point
/// nowhere.
class Lowering {
  public:
    Lowering(const ModelDescription& description, const VariableLayout& layout, const Compilation* compilation,
             const Pass& pass, const GraphOptions& options, float* arena)
        : description_(description),
          layout_(layout),
          compilation_(compilation),
          pass_(pass),
          options_(options),
          shapes_(description.shapes()),
          arena_(arena) {}

    std::int64_t floats_used() const { return used_; }

    Graph run() {
        graph_.least_rows = least_rows_of_block(layout_);
        current_ = value(shapes_.front(), false);
        input_ = graph_.input =
            push<InputNode>(current_, layer_name(description_.layers.front()), most_blocks(options_.largest_batch));
        for (int i = 0; i < static_cast<int>(description_.layers.size()); ++i) {
            layer_ = i;
            std::visit([this](const auto& layer) { add(layer); }, description_.layers[i]);
            graph_.behind_layer.push_back(current_);
        }
        graph_.predictions = current_;
        if (compilation_ != nullptr) add_loss();
        if (first_dense_ != nullptr) add_sparse_input();
        return std::move(graph_);
    }

  private:
    /// Room for `size` floats a row of the batch.
    float* reserve(std::int64_t size) { return reserve_floats(options_.largest_batch * size); }
    float* reserve_value(std::int64_t size) { return reserve_floats(options_.value_rows * size); }

    float* reserve_floats(std::int64_t floats) {
        float* at = arena_ != nullptr ? arena_ + used_ : &nowhere_;
        used_ += (floats + 15) / 16 * 16;
        // At once, and not when all is measured: nodes have buffers of their own, which they make as they are made.
        need_memory(description_.name, fmt::format("buffers for a batch of {} rows", options_.largest_batch), used_);
        return at;
    }

    Value value(const Shape& shape, bool with_gradient) {
        Value v{shape, elements(shape, description_.name), nullptr, nullptr};
        v.data = reserve_value(v.size);
        if (with_gradient && options_.training) v.gradient = reserve_value(v.size);
        return v;
    }

    /// A value that a value-by-value node may write over its input: the same memory, unless values are to be
    /// kept.
    Value over(const Value& in, bool may_overwrite_data) {
        if (options_.keep_values) return value(in.shape, in.gradient != nullptr);
        Value v = in;
        if (!may_overwrite_data) v.data = reserve_value(v.size);
        return v;
    }

    template <typename NodeType, typename... Arguments>
    NodeType* push(Arguments&&... arguments) {
        auto node = std::make_unique<NodeType>(pass_, std::forward<Arguments>(arguments)...);
        NodeType* raw = node.get();
        graph_.nodes.push_back(std::move(node));
        return raw;
    }

    void add(const Input&) {}

    void add(const Flatten&) {
        if (current_.shape.size() != 1) dense_ = nullptr;  // its units are no longer the last axis
        current_.shape = shapes_[layer_ + 1];
    }

    void add(const Dense& layer) {
        const Variable* kernel = layout_.find(layer_, Role::kernel);
        const Variable* bias = layout_.find(layer_, Role::bias);
        // A gradient is wanted where something trainable stands at or before here.
        trains_ = trains_ || layer.trainable;
        const Value out = value(shapes_[layer_ + 1], trains_);
        const bool first = graph_.nodes.size() == 1 && current_.shape.size() == 1;
        const std::int64_t units = kernel->shape[1];
        DenseNode::Room room{};
        const std::int64_t inputs = kernel->shape[0], most_rows = options_.largest_batch * (out.size / units);
        if (current_.gradient != nullptr)
            room.turned = reserve_floats(DenseNode::turned_floats(most_rows, inputs, units));
        const bool has_many_rows = most_rows >= DenseNode::fewest_rows_of_panels;
        if (!options_.training && has_many_rows && !kernels::is_narrow(units))
            room.panels = reserve_floats(kernels::panels_floats(inputs, units));
        dense_ = push<DenseNode>(current_, out, *kernel, bias, room);
        if (first) first_dense_ = dense_;
        current_ = out;
        overwritable_ = true;
        scaled_ = true;
        activate(activator(activation_from_word(layer.activation)));
    }

    void add(const BatchNormalization& layer) {
        BatchNormalizationNode::Variables variables{};
        variables.gamma = layout_.find(layer_, Role::gamma);
        variables.beta = layout_.find(layer_, Role::beta);
        variables.moving_mean = layout_.find(layer_, Role::moving_mean);
        variables.moving_variance = layout_.find(layer_, Role::moving_variance);
        variables.updates_index = static_cast<int>(graph_.batch_normalizations.size());
        const bool trains_here =
            (variables.gamma && variables.gamma->trainable) || (variables.beta && variables.beta->trainable);
        const bool last_axis =
            layer.axis < 0 ? layer.axis == -1 : layer.axis == static_cast<int>(current_.shape.size());
        if (dense_ != nullptr && last_axis) variables.bias_before = dense_->bias();

        // γ and β need ∂C/∂y even where nothing before them trains.
        Value out = current_;
        if (options_.keep_values || current_.gradient == nullptr) {
            out = value(current_.shape, trains_ || trains_here);
        } else {
            out.data = reserve_value(out.size);
        }
        const bool relu = relu_follows();
        auto* node =
            push<BatchNormalizationNode>(current_, out, layer, variables, relu, most_blocks(options_.largest_batch));
        if (variables.bias_before != nullptr) dense_->leave_bias_to(node);
        graph_.batch_normalizations.push_back(node);
        trains_ = trains_ || trains_here;
        current_ = out;
        relu_done_ = relu;
        overwritable_ = !relu;  // behind a fused ReLU, backward reads the output's sign
        dense_ = nullptr;
        scaled_ = true;
    }

    /// True when the next layer is a plain ReLU, which then is part of the normalization's pass (unless what
    /// stands between the two is to be kept).
    bool relu_follows() const {
        if (options_.keep_values || layer_ + 1 >= static_cast<int>(description_.layers.size())) return false;
        const Layer& next = description_.layers[layer_ + 1];
        if (const auto* relu = std::get_if<ReLU>(&next)) return relu->is_plain();
        const auto* activation = std::get_if<Activation>(&next);
        return activation != nullptr && activation->kind == ActivationKind::relu;
    }

    void add(const ReLU& layer) { activate(activator(layer)); }
    void add(const Activation& layer) { activate(activator(layer.kind)); }

    void activate(const Activator& g) {
        if (relu_done_) {
            relu_done_ = false;
            return;
        }
        if (g.is_linear()) return;
        dense_ = nullptr;
        scaled_ = true;
        if (g.softmax) {
            const Value out = over(current_, false);
            before_last_activation_ = current_;
            last_softmax_ = push<SoftmaxNode>(current_, out);
            current_ = out;
            overwritable_ = false;
            last_activation_layer_ = layer_;
            return;
        }
        const bool in_place = overwritable_ && !kernels::backward_needs_input(g.pointwise);
        const Value out = over(current_, in_place || !options_.training);
        before_last_activation_ = current_;
        last_sigmoid_ = g.pointwise.kind == PointwiseKind::sigmoid ? graph_.nodes.size() : 0;
        push<PointwiseNode>(current_, out, g.pointwise);
        current_ = out;
        overwritable_ = false;
        last_activation_layer_ = layer_;
    }

    void add(const Dropout& layer) {
        dense_ = nullptr;
        scaled_ = true;
        if (!options_.training && !options_.keep_values) return;
        const Value out = over(current_, false);
        float* keep = reserve(current_.size);
        push<DropoutNode>(current_, out, layer.rate, layer.name, keep);
        current_ = out;
        overwritable_ = true;
    }

    void add(const Rescaling& layer) {
        if (!scaled_) {
            input_->rescale(layer.scale, layer.offset);
        } else {
            Buffer<float> scale(1), offset(1);
            scale[0] = static_cast<float>(layer.scale);
            offset[0] = static_cast<float>(layer.offset);
            add_scaling(std::move(scale), std::move(offset));
        }
        scaled_ = true;
    }

    void add(const Normalization& layer) {
        const std::int64_t features = current_.shape.back();
        if (layer.mean.empty()) {
            if (scaled_) {
                fail_input(layer.name, "a Normalization with variables before any other layer that computes",
                           fmt::format("one as layer {}", layer_));
            }
            graph_.adapted.push_back({input_, layout_.find(layer_, Role::mean), layout_.find(layer_, Role::variance)});
        } else if (!scaled_) {
            const std::vector<float> mean(layer.mean.begin(), layer.mean.end());
            const std::vector<float> variance(layer.variance.begin(), layer.variance.end());
            input_->normalize(mean.data(), variance.data(), features);
        } else {
            Buffer<float> scale(features), offset(features);
            for (std::int64_t f = 0; f < features; ++f) {
                const double s = 1.0 / std::max(std::sqrt(layer.variance[f]), 1e-7);
                scale[f] = static_cast<float>(s);
                offset[f] = static_cast<float>(-layer.mean[f] * s);
            }
            add_scaling(std::move(scale), std::move(offset));
        }
        scaled_ = true;
    }

    void add_scaling(Buffer<float> scale, Buffer<float> offset) {
        const Value out = over(current_, overwritable_);
        push<ScalingNode>(current_, out, std::move(scale), std::move(offset));
        current_ = out;
        dense_ = nullptr;
    }

    // What is found in a batch is the same for both if they scale it alike, and both read dense bytes or neither.
    bool shares_sparse_input() const {
        const Graph* beside = options_.beside;
        return beside != nullptr && beside->sparse_input != nullptr && beside->least_rows == graph_.least_rows &&
               beside->behind_layer.front().size == graph_.behind_layer.front().size &&
               beside->input->only_scale() == input_->only_scale() &&
               beside->sparse_input->may_stay_bytes() == multiplies_bytes();
    }

    bool multiplies_bytes() const { return kernels::is_narrow(first_dense_->units()) && kernels::multiplies_bytes(); }

    std::shared_ptr<SparseInput> make_sparse_input(std::int64_t features) {
        float* room = reserve_floats(SparseInput::floats(features, options_.largest_batch));
        return std::make_shared<SparseInput>(features, options_.largest_batch, most_blocks(options_.largest_batch),
                                             room, multiplies_bytes());
    }

    void add_sparse_input() {
        const Value& input = graph_.behind_layer.front();
        // A Normalization moves zeros; one that is adapted tells by how much only when a pass begins.
        if (input.size < fewest_sparse_features || input_->only_scale() == 0 || !graph_.adapted.empty()) return;
        graph_.sparse_input = shares_sparse_input() ? options_.beside->sparse_input : make_sparse_input(input.size);
        input_->leave_sparse_to(graph_.sparse_input.get(), options_.keep_values);
        float* odd_inputs = options_.training ? reserve(first_dense_->units()) : nullptr;
        first_dense_->read_sparse(graph_.sparse_input.get(), odd_inputs);
    }

    void add_loss() {
        const Loss& loss = compilation_->loss;
        const std::int64_t width = current_.size;
        if (loss.takes_labels() && current_.shape.size() != 1) {
            fail_input("loss", "an output of rank 1 for sparse_categorical_crossentropy",
                       to_string_with_batch(current_.shape));
        }
        if (loss.takes_labels() && width < 2) {
            fail_input("loss", "at least two classes for sparse_categorical_crossentropy", fmt::format("{}", width));
        }
        const bool crossentropy = loss.takes_labels() || loss.kind == LossKind::categorical_crossentropy;
        const bool activation_is_last = last_activation_layer_ == static_cast<int>(description_.layers.size()) - 1;
        LossNode::Fusion fusion = LossNode::Fusion::none;
        if (!loss.from_logits && activation_is_last && !graph_.nodes.empty() && current_.shape.size() == 1) {
            if (crossentropy && last_softmax_ == graph_.nodes.back().get()) fusion = LossNode::Fusion::softmax;
            if (loss.kind == LossKind::binary_crossentropy && last_sigmoid_ + 1 == graph_.nodes.size()) {
                fusion = LossNode::Fusion::sigmoid;
            }
        }
        Value logits = current_;
        if (fusion != LossNode::Fusion::none) {
            graph_.fused_activation = std::move(graph_.nodes.back());  // the loss computes it itself
            graph_.nodes.pop_back();
            logits = before_last_activation_;
        }
        graph_.loss = push<LossNode>(logits, current_, loss, compilation_->metrics, fusion, options_.largest_batch,
                                     most_blocks(options_.largest_batch));
    }

    const ModelDescription& description_;
    const VariableLayout& layout_;
    const Compilation* compilation_;
    const Pass& pass_;
    const GraphOptions options_;
    const std::vector<Shape> shapes_;
    float* arena_;
    std::int64_t used_ = 0;
    float nowhere_ = 0;

    Graph graph_;
    Value current_;
    Value before_last_activation_;
    InputNode* input_ = nullptr;
    DenseNode* dense_ = nullptr;        ///< the node right before, if it is a Dense without activation
    DenseNode* first_dense_ = nullptr;  ///< where it reads the input
    const Node* last_softmax_ = nullptr;
    std::size_t last_sigmoid_ = 0;  ///< index of the node, 0: none
    int last_activation_layer_ = -1;
    int layer_ = 0;
    bool trains_ = false;
    bool overwritable_ = false;  ///< backward of the node before does not read its own output
    bool scaled_ = false;        ///< something computes on the input already
    bool relu_done_ = false;
};

}  // namespace

std::int64_t least_rows_of_block(const VariableLayout& layout) {
    std::int64_t multiply_adds = 0, layers = 0;
    for (const Variable& variable : layout.variables) {
        if (variable.role != Role::kernel) continue;
        multiply_adds += variable.size;
        ++layers;
    }
    return least_rows_of_block(multiply_adds, layers);
}

Graph lower(const ModelDescription& description, const VariableLayout& layout, const Compilation* compilation,
            const Pass& pass, const GraphOptions& options) {
    Lowering measure(description, layout, compilation, pass, options, nullptr);
    measure.run();
    Buffer<float> arena(measure.floats_used());
    Lowering real(description, layout, compilation, pass, options, arena.data());
    Graph graph = real.run();
    if (real.floats_used() != measure.floats_used()) {
        fail_work(description.name, fmt::format("{} floats, as measured", measure.floats_used()),
                  fmt::format("{}", real.floats_used()));
    }
    graph.arena = std::move(arena);
    return graph;
}

}  // namespace evenkeel
