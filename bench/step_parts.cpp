#include "step_parts.hpp"

#include <algorithm>
#include <bit>
#include <utility>
#include <variant>

#include "kernels/gather.hpp"
#include "kernels/loss.hpp"
#include "kernels/optimizer.hpp"
#include "study/stepper.hpp"

namespace evenkeel::bench {
namespace {

constexpr float rate = 0.1F;
enum Which : std::size_t {
    next,
    rows,
    first_forward,
    forward,
    normalization,
    loss,
    backward,
    first_descent,
    descent,
    rest,
    part_count
};

}  // namespace

StepParts::StepParts(const Examples& images, std::int64_t batch)
    : images_(images),
      batch_(batch),
      features_(elements(images.shape, "bench")),
      description_(network_to_step(images.shape, {units[0], units[1]}, true)),
      layout_(description_),
      values_(description_, layout_, 0),
      order_(images.rows(), batch, 0, true),
      scale_(features_),
      scratch_(features_ * units[0]),
      losses_(batch),
      labels_(batch) {
    std::fill_n(scale_.data(), features_, static_cast<float>(1.0 / 255));
    order_.epoch(0);
    pass_.training = true;
    pass_.batch.rows = batch;
    pass_.rows_of_block = rows_per_block(batch, least_rows_of_block(layout_));
    pass_.blocks = block_count(batch, pass_.rows_of_block);
    pass_.weights = values_.weights.data();
    pass_.statistics = values_.statistics.data();
    x_ = {{features_}, features_, room(batch * features_)};
    sparse_.emplace(features_, batch, most_blocks(batch), room(SparseInput::floats(features_, batch)), false);
    make_layers();
    name_parts();
    name_pieces();
}

// Layers of the description: Input, Flatten, Rescaling, then twice Dense, BatchNormalization and ReLU, then Dense.
void StepParts::make_layers() {
    int at = 3;
    for (std::size_t i = 0; i < layers_.size(); ++i, at += 3) {
        Layer& layer = layers_[i];
        const Value in = i == 0 ? x_ : layers_[i - 1].a;
        const auto value = [&] {
            return Value{{units[i]}, units[i], room(batch_ * units[i]), room(batch_ * units[i])};
        };
        layer.z = value();
        layer.transposed = Buffer<float>(in.size * units[i]);
        const Variable* bias = layout_.find(at, Role::bias);
        layer.dense.emplace(pass_, in, layer.z, *layout_.find(at, Role::kernel), bias,
                            DenseNode::Room{layer.transposed.data(), nullptr});
        if (i + 1 == layers_.size()) break;
        layer.a = value();
        const auto variable = [&](Role role) { return layout_.find(at + 1, role); };
        layer.normalization.emplace(
            pass_, layer.z, layer.a,
            std::get<BatchNormalization>(description_.layers[static_cast<std::size_t>(at) + 1]),
            BatchNormalizationNode::Variables{variable(Role::gamma), variable(Role::beta), variable(Role::moving_mean),
                                              variable(Role::moving_variance), bias, static_cast<int>(i)},
            true, most_blocks(batch_));
        layer.dense->leave_bias_to(&*layer.normalization);
    }
    layers_[0].dense->read_sparse(&*sparse_, room(batch_ * units[0]));
}

void StepParts::name_parts() {
    constexpr double number = 4, three = kernels::features_of_three;  // bytes of a float; features taken together
    const double b = static_cast<double>(batch_), f = static_cast<double>(features_), first = units[0];
    const double hidden = first + units[1], classes = units[2], weights = first * units[1] + units[1] * classes;
    const auto always = [](double amount) { return [amount] { return amount; }; };
    const auto sums_flop = [=, this] { return 2 * first * numbers(); };
    const double in_and_out = b * (first + 2 * units[1] + classes);  // of the other layers

    parts_.resize(part_count);
    parts_[next] = {"the next batch's bytes", true, always(0), always(b * f)};
    parts_[rows] = {
        "rows: turned, or made floats", false, [=, this] { return sparse_->on() ? 0 : b * f; },
        [=, this] { return (sparse_->on() ? 3 : 1 + number) * b * f; }};  // bytes read, written, read for masks
    // For each three of a row z is read and written; rows of W are read for each two blocks.
    parts_[first_forward] = {"first layer x·W", false, sums_flop, [=, this] {
                                 return sparse_->on()
                                            ? number * ((2 * first + three) * numbers() / three +
                                                        three * first * threes_of_groups(2 * pass_.rows_of_block))
                                            : number * (b * f + f * first + b * first);
                             }};
    parts_[forward] = {"other layers x·W", false, always(2 * b * weights), always(number * (in_and_out + 3 * weights))};
    // Forward: x − shift, its sum and that of its squares (4), two differences, a multiply-add and ReLU (5), three passes.
    // Backward: ReLU, ẑ, the sums of dy and dy·ẑ (7), dx (6); z, a, dy and dy; z, dy and dx.
    parts_[normalization] = {"normalization and ReLU", false, always((4 + 5 + 7 + 6) * b * hidden),
                             always(number * (3 + 4 + 3) * b * hidden)};
    parts_[loss] = {"softmax and loss", false, always(30 * b * classes),
                    always(2 * number * b * classes)};  // exp: some 20
    parts_[backward] = {"other layers dz·Wᵀ", false, always(2 * b * weights), always(number * (in_and_out + weights))};
    // For each three of a row dz is read; rows of W are read and written for the batch.
    parts_[first_descent] = {"first layer W − η·xᵀ·dz", false, sums_flop, [=, this] {
                                 return sparse_->on() ? number * ((first + three) * numbers() / three +
                                                                  2 * three * first * threes_of_groups(batch_))
                                                      : number * (b * f + 2 * f * first + b * first);
                             }};
    parts_[descent] = {"other layers W − η·xᵀ·dz", false, always(2 * b * weights),
                       always(number * (in_and_out + 2 * weights))};
    parts_[rest] = {"biases, γ, β, moving statistics", false, always(2 * b * classes),
                    always(number * (b * classes + 10 * hidden))};
}

void StepParts::name_pieces() {
    const auto add = [this](Which part, std::function<void()> run) { pieces_.push_back({part, std::move(run)}); };
    const auto forward_of = [this](std::size_t layer) {
        return [this, layer] { in_blocks([&](const Block& block) { layers_[layer].dense->forward(block); }); };
    };
    const auto backward_of = [this](std::size_t layer) {
        return [this, layer] { in_blocks([&](const Block& block) { layers_[layer].dense->backward(block); }); };
    };
    add(rows, [this] { read_rows(); });
    add(first_forward, [this] { share_product(); });
    add(first_forward, forward_of(0));
    add(normalization, [this] { normalize(layers_[0]); });
    add(forward, forward_of(1));
    add(normalization, [this] { normalize(layers_[1]); });
    add(forward, forward_of(2));
    add(loss, [this] { take_loss(); });
    add(backward, backward_of(2));
    add(normalization, [this] { normalize_back(layers_[1]); });
    add(backward, backward_of(1));
    add(normalization, [this] { normalize_back(layers_[0]); });
    add(next, [this] { ask_for_next(); });
    add(first_descent, [this] { descend(layers_[0], true); });
    add(descent, [this] { descend(layers_[1], true), descend(layers_[2], true); });
    add(rest, [this] {
        for (Layer& layer : layers_) descend(layer, false);
        end();
    });
}

template <typename Work>
void StepParts::in_blocks(const Work& work) {
    const std::int64_t size = pass_.rows_of_block;
    for (std::int64_t i = 0; i < pass_.blocks; ++i) work(Block{i, i * size, std::min((i + 1) * size, batch_)});
}

kernels::GatherSource StepParts::source(std::int64_t batch) const {
    kernels::GatherSource source;
    source.bytes = std::get<std::vector<std::uint8_t>>(images_.values).data();
    source.rows = order_.batch(batch).data();
    source.features = features_;
    source.scale = scale_.data();
    return source;
}

double StepParts::numbers() const {
    if (!sparse_->on()) return static_cast<double>(batch_ * features_);
    const std::int64_t masks = kernels::tiles_of(batch_) * kernels::threes_of(features_);
    std::int64_t threes = 0;
    for (std::int64_t i = 0; i < masks; ++i) threes += std::popcount(sparse_->turned().masks[i]);
    return static_cast<double>(kernels::features_of_three * threes);
}

double StepParts::threes_of_groups(std::int64_t rows) const {
    const std::int64_t threes = kernels::threes_of(features_);
    std::int64_t sum = 0;
    for (std::int64_t first = 0; first < batch_; first += rows) {
        const std::uint16_t* masks = sparse_->turned().masks + kernels::tiles_of(first) * threes;
        const std::int64_t tiles = kernels::tiles_of(std::min(rows, batch_ - first));
        for (std::int64_t k = 0; k < threes; ++k) {
            std::int64_t t = 0;
            while (t < tiles && masks[t * threes + k] == 0) ++t;
            sum += t < tiles ? 1 : 0;
        }
    }
    return static_cast<double>(sum);
}

void StepParts::read_rows() {
    const kernels::GatherSource from = source(at_);
    sparse_->reset();
    in_blocks([&](const Block& block) { sparse_->look(from, block); });
    sparse_->finish(from, batch_, pass_.blocks, true);
    if (!sparse_->on()) kernels::gather(from, 0, batch_, x_.data);
}

void StepParts::share_product() {
    DenseNode& dense = *layers_[0].dense;
    if (!dense.prepares_forward()) return;
    for (std::int64_t i = 0; i < pass_.parts_to_prepare(); ++i) dense.prepare_forward(i);
}

void StepParts::normalize(Layer& layer) {
    in_blocks([&](const Block& block) { layer.normalization->look_forward(block); });
    layer.normalization->finish_forward();
    in_blocks([&](const Block& block) { layer.normalization->forward(block); });
}

void StepParts::take_loss() {
    const auto now = order_.batch(at_);
    for (std::int64_t r = 0; r < batch_; ++r) labels_[r] = images_.labels[now[static_cast<std::size_t>(r)]];
    const Value& logits = layers_.back().z;
    kernels::LossBlock block{
        .rows = batch_, .width = units.back(), .predictions = logits.data, .labels = labels_.data()};
    block.scale = static_cast<float>(1.0 / static_cast<double>(batch_));
    block.losses = losses_.data();
    block.gradient = logits.gradient;
    kernels::sparse_softmax_crossentropy(block, nullptr);
}

void StepParts::normalize_back(Layer& layer) {
    in_blocks([&](const Block& block) { layer.normalization->look_backward(block); });
    layer.normalization->finish_backward();
    in_blocks([&](const Block& block) { layer.normalization->backward(block); });
}

// Of a layer, its matrix or its vectors.
void StepParts::descend(Layer& layer, bool kernel) {
    const auto take = [&](Node& node) {
        for (const Node::WeightPart& part : node.weight_parts()) {
            float* weights = values_.weights.data();
            if ((part.variable->role == Role::kernel) != kernel) continue;
            if (node.descends(part)) {
                node.descend(part, rate, scratch_.data(), weights);
            } else {
                node.weight_gradient(part, scratch_.data());
                kernels::sgd({rate, 1, 0, false}, part.size, scratch_.data(), nullptr, weights + part.offset);
            }
        }
    };
    take(*layer.dense);
    if (layer.normalization) take(*layer.normalization);
}

void StepParts::end() {
    for (const Layer& layer : layers_) {
        if (layer.normalization) layer.normalization->commit_statistics(values_);
    }
    at_ = after(at_);
}

void StepParts::ask_for_next() {
    kernels::prefetch_rows(source(after(at_)), 0, batch_);
}

}  // namespace evenkeel::bench
