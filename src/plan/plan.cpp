#include "plan/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "core/clock.hpp"
#include "core/signals.hpp"
#include "evenkeel/core/error.hpp"
#include "plan/dense_node.hpp"

namespace evenkeel {
Plan::Plan(const ModelDescription& description, const VariableLayout& layout, const Compilation* compilation,
           ThreadPool& pool, const PlanOptions& options)
    : layout_(layout), pool_(pool), options_(options) {
    if (options.largest_batch < 1) {
        fail_input("plan.largest_batch", "a positive number of rows", fmt::format("{}", options.largest_batch));
    }
    if (compilation != nullptr) {
        validate(compilation->optimizer);
        update_.emplace(compilation->optimizer, layout_);
    }
    // Who only predicts needs a block's values no longer than until the next block: they stay in the thread's cache.
    const std::int64_t most_rows = rows_per_block(options.largest_batch, least_rows_of_block(layout));
    const bool only_predicts = compilation == nullptr && !options.training && !options.keep_values;
    if (only_predicts && options.largest_batch > most_rows * pool_.threads()) rows_a_thread_ = most_rows;
    const std::int64_t value_rows = rows_a_thread_ > 0 ? most_rows * pool_.threads() : options.largest_batch;
    graph_ = lower(description, layout_, compilation, pass_,
                   {options.largest_batch, value_rows, options.training, options.keep_values,
                    options.beside != nullptr ? &options.beside->graph_ : nullptr});
    for (const auto& node : graph_.nodes) {
        for (const Node::WeightPart& part : node->weight_parts()) parts_.push_back({node.get(), part});
    }
    // Threads begin at both ends, so large parts lie there by turns and the smallest in the middle: all finish at about the
    // same time. (By turns, as a sparse input's parts of one size cost more in the middle of the image.)
    std::stable_sort(parts_.begin(), parts_.end(),
                     [](const Part& a, const Part& b) { return a.part.size > b.part.size; });
    const std::vector<Part> by_size = std::exchange(parts_, {});
    for (std::size_t i = 0; i < by_size.size(); i += 2) parts_.push_back(by_size[i]);
    for (std::size_t i = by_size.size() / 2 * 2; i > 0; i -= 2) parts_.push_back(by_size[i - 1]);
    for (Part& part : parts_) part.before = std::exchange(part_floats_, part_floats_ + part.part.size);
    const auto most_work =
        std::max(block_count(options.largest_batch, most_rows), static_cast<std::int64_t>(parts_.size()));
    threads_ = ThreadChoice(static_cast<int>(std::clamp<std::int64_t>(most_work, 1, pool_.threads())));
    if (update_ && options.training) {
        if (update_->clips()) gradients_ = Buffer<float>(layout_.weights_size);
        scratch_ = Buffer<float>(scratch_of_thread() * pool_.threads());
    }
}

Plan::~Plan() = default;

Block Plan::block(std::int64_t index, int thread) const {
    const std::int64_t begin = index * pass_.rows_of_block;
    return {index, begin, std::min(pass_.batch.rows, begin + pass_.rows_of_block),
            rows_a_thread_ > 0 ? thread * rows_a_thread_ : begin};
}

void Plan::begin(const BatchView& batch, bool training, const VariableValues& values, std::uint64_t seed,
                 std::int64_t step, const StepsAround& around) {
    if (batch.rows < 1 || batch.rows > options_.largest_batch) {
        fail_input("plan", fmt::format("a batch of 1 to {} rows", options_.largest_batch),
                   fmt::format("{}", batch.rows));
    }
    pass_.batch = batch;
    pass_.next = around.next;
    pass_.training = training;
    pass_.seed = seed;
    pass_.step = step;
    pass_.weights = values.weights.data();
    pass_.statistics = values.statistics.data();
    pass_.rows_of_block = rows_per_block(batch.rows, graph_.least_rows);
    pass_.blocks = block_count(batch.rows, pass_.rows_of_block);
    const bool is_known = around.same_batch != nullptr && around.same_batch->graph_.sparse_input == graph_.sparse_input;
    if (graph_.sparse_input && !is_known) graph_.sparse_input->reset();
    for (const Graph::Adapted& a : graph_.adapted) {
        a.node->normalize(pass_.statistics + a.mean->offset, pass_.statistics + a.variance->offset, a.mean->size);
    }
    for (BatchNormalizationNode* node : graph_.batch_normalizations) node->prepare();
}

bool Plan::skips() const {
    return std::any_of(graph_.batch_normalizations.begin(), graph_.batch_normalizations.end(),
                       [](const BatchNormalizationNode* node) { return node->skips_batch(); });
}

// Runs the first `nodes` nodes. Between two nodes that look at the whole batch, each block goes through all
// nodes while it is in cache; the look of the next such node is the last thing a block does before all wait, and
// `at_end` the last thing of all.
template <typename AtEnd>
void Plan::run_forward(std::size_t nodes, const AtEnd& at_end) {
    const auto& list = graph_.nodes;
    if (list[0]->looks_at_batch()) {
        pool_.run(pass_.blocks, [&](std::int64_t index) { list[0]->look_forward(block(index)); });
        list[0]->finish_forward();
    }
    if (std::any_of(list.begin(), list.end(), [](const auto& node) { return node->prepares_forward(); })) {
        pool_.run(pass_.parts_to_prepare(), [&](std::int64_t index) {
            for (const auto& node : list) node->prepare_forward(index);
        });
    }
    for (std::size_t first = 0; first < nodes;) {
        std::size_t end = first + 1;
        while (end < nodes && !list[end]->looks_at_batch()) ++end;
        pool_.run(pass_.blocks, [&](std::int64_t index, int thread) {
            const Block rows = block(index, thread);
            for (std::size_t n = first; n < end; ++n) list[n]->forward(rows);
            end < nodes ? list[end]->look_forward(rows) : at_end(rows);
        });
        if (first == 0) graph_.input->finish();
        if (end < nodes) list[end]->finish_forward();
        first = end;
    }
}

// The same downwards: blocks run through nodes until the next one that looks at the whole batch's gradient.
void Plan::run_backward() {
    const auto& list = graph_.nodes;
    std::size_t end = list.size() - 1;  // the loss made its gradient in forward
    for (std::size_t looked = list.size(); end > 1;) {
        std::size_t first = end;
        while (first > 1 && (first - 1 == looked || !list[first - 1]->looks_at_gradient())) --first;
        const bool looks = first > 1;
        pool_.run(pass_.blocks, [&](std::int64_t index) {
            const Block rows = block(index);
            for (std::size_t n = end; n > first; --n) list[n - 1]->backward(rows);
            if (looks) list[first - 1]->look_backward(rows);
        });
        if (!looks) return;
        looked = first - 1;
        list[looked]->finish_backward();
        end = first;
    }
}

BatchResult Plan::finish_loss() {
    BatchResult result;
    result.rows = pass_.batch.rows;
    graph_.loss->finish();
    result.loss = graph_.loss->mean_loss() + update_->penalty(pass_.weights);
    result.metric_sums = graph_.loss->metric_sums();
    return result;
}

BatchResult Plan::forward(const BatchView& batch, bool training, const VariableValues& values, std::uint64_t seed,
                          std::int64_t step) {
    pool_.use(pool_.threads());
    return run_forward_pass(batch, training, values, seed, step, {});
}

BatchResult Plan::run_forward_pass(const BatchView& batch, bool training, const VariableValues& values,
                                   std::uint64_t seed, std::int64_t step, const StepsAround& around) {
    const SignalsDeferred quiet;
    if (graph_.loss == nullptr) fail_input("plan", "a loss to run forward with (compile the model)", "none");
    begin(batch, training, values, seed, step, around);
    if (skips()) {
        BatchResult skipped;
        skipped.skipped = true;
        skipped.rows = batch.rows;
        return skipped;
    }
    run_forward(graph_.nodes.size(), [](const Block&) {});
    return finish_loss();
}

// The next batch's rows travel from memory while the last products of this step are computed: asked for earlier, they would
// be pushed out of the cache again. They are shared out as the work is, so that they come evenly, and mostly to the thread that
// will look at them: it begins at the same end of the batch as of the parts.
void Plan::prefetch_next(const Part& part) const {
    if (pass_.next == nullptr) return;
    const std::int64_t rows = pass_.next->rows;
    kernels::prefetch_rows(pass_.next->x, rows * part.before / part_floats_,
                           rows * (part.before + part.part.size) / part_floats_);
}

void Plan::backward(Buffer<float>& gradients) {
    const SignalsDeferred quiet;
    run_backward();
    pool_.run(static_cast<std::int64_t>(parts_.size()), [&](std::int64_t i) {
        const Part& own = parts_[static_cast<std::size_t>(i)];
        prefetch_next(own);
        own.node->weight_gradient(own.part, gradients.data() + own.part.offset);
    });
}

void Plan::update(Buffer<float>& gradients, VariableValues& values, OptimizerValues& optimizer) {
    update_->begin(optimizer.iteration);
    update_->clip(values.weights.data(), gradients.data());
    pool_.run(static_cast<std::int64_t>(parts_.size()), [&](std::int64_t i) {
        const Node::WeightPart& part = parts_[static_cast<std::size_t>(i)].part;
        update_->apply(*part.variable, part.offset, part.size, gradients.data() + part.offset, values.weights.data(),
                       optimizer.slots);
    });
    ++optimizer.iteration;
}

// The largest part comes first; a whole number of cache lines.
std::int64_t Plan::scratch_of_thread() const {
    return parts_.empty() ? 0 : (parts_.front().part.size + 15) / 16 * 16;
}

// Each part's gradient lives in its thread's scratch just long enough to update its weights: a whole buffer of gradients
// would push the batch and the weights out of the cache.
void Plan::backward_and_update(VariableValues& values, OptimizerValues& optimizer) {
    run_backward();
    update_->begin(optimizer.iteration);
    pool_.run(static_cast<std::int64_t>(parts_.size()), [&](std::int64_t i, int thread) {
        const Part& own = parts_[static_cast<std::size_t>(i)];
        const Node::WeightPart& part = own.part;
        Node* node = own.node;
        prefetch_next(own);
        float* gradient = scratch_.data() + thread * scratch_of_thread();
        float* weights = values.weights.data();
        if (update_->is_plain(*part.variable) && node->descends(part)) {
            node->descend(part, static_cast<float>(update_->learning_rate()), gradient, weights);
        } else {
            node->weight_gradient(part, gradient);
            update_->apply(*part.variable, part.offset, part.size, gradient, weights, optimizer.slots);
        }
    });
    ++optimizer.iteration;
}

void Plan::commit_statistics(VariableValues& values) {
    for (const BatchNormalizationNode* node : graph_.batch_normalizations) node->commit_statistics(values);
}

BatchResult Plan::train_step(const BatchView& batch, VariableValues& values, OptimizerValues& optimizer,
                             std::uint64_t seed, const StepsAround& around) {
    const SignalsDeferred quiet;
    const auto began = Clock::now();
    pool_.use(threads_.threads());
    const BatchResult result = run_forward_pass(batch, true, values, seed, optimizer.iteration + 1, around);
    if (result.skipped) return result;
    if (update_->clips()) {
        backward(gradients_);
        update(gradients_, values, optimizer);
    } else {
        backward_and_update(values, optimizer);
    }
    commit_statistics(values);
    threads_.took(seconds_since(began) / static_cast<double>(batch.rows));
    return result;
}

void Plan::predict(const BatchView& batch, const VariableValues& values, std::span<float> out) {
    // Of so few rows oneDNN multiplies nothing (or defers signals by itself), and two calls of the system would take a twentieth
    // of the time.
    std::optional<SignalsDeferred> quiet;
    if (batch.rows > DenseNode::most_single_rows) quiet.emplace();
    pool_.use(pool_.threads());
    begin(batch, false, values, 0, 0, {});
    const std::int64_t width = graph_.predictions.size;
    if (static_cast<std::int64_t>(out.size()) != batch.rows * width) {
        fail_input("predict", fmt::format("room for {} × {} predictions", batch.rows, width),
                   fmt::format("{}", out.size()));
    }
    const std::size_t nodes = graph_.nodes.size() - (graph_.loss != nullptr ? 1 : 0);
    run_forward(nodes, [&](const Block& rows) {
        if (graph_.fused_activation) graph_.fused_activation->forward(rows);
        std::copy_n(graph_.predictions.row(rows.row), rows.rows() * width, out.data() + rows.begin * width);
    });
}

}  // namespace evenkeel
