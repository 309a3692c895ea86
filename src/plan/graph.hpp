#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "evenkeel/core/buffer.hpp"
#include "evenkeel/model/compilation.hpp"
#include "evenkeel/model/variables.hpp"
#include "plan/batch_normalization_node.hpp"
#include "plan/input_node.hpp"
#include "plan/loss_node.hpp"
#include "plan/node.hpp"
#include "plan/sparse_input.hpp"

namespace evenkeel {

/// The least rows of a block of the network's batches.
std::int64_t least_rows_of_block(const VariableLayout& layout);

/// A description lowered to nodes in the order they run, with all their values laid out in one arena.
struct Graph {
    Buffer<float> arena;
    std::vector<std::unique_ptr<Node>> nodes;  ///< the input first, the loss (if any) last
    InputNode* input = nullptr;
    std::shared_ptr<SparseInput> sparse_input;  ///< where a Dense reads the input
    std::int64_t least_rows = 0;                ///< of a block
    std::vector<BatchNormalizationNode*> batch_normalizations;
    LossNode* loss = nullptr;
    std::unique_ptr<Node> fused_activation;  ///< the last softmax or sigmoid, where the loss computes it; else null
    Value predictions;
    std::vector<Value> behind_layer;  ///< one a layer of the description

    /// A Normalization whose mean and variance are variables: read again at every pass, as they may be
    /// adapted.
    struct Adapted {
        InputNode* node;
        const Variable *mean, *variance;
    };
    std::vector<Adapted> adapted;
};

struct GraphOptions {
    std::int64_t largest_batch;
    std::int64_t value_rows;  ///< rows that values have room for
    bool training;
    bool keep_values;
    const Graph* beside = nullptr;  ///< shares its sparse input, if it may
};

/// Throws Error{input} where the loss does not fit the output.
Graph lower(const ModelDescription& description, const VariableLayout& layout, const Compilation* compilation,
            const Pass& pass, const GraphOptions& options);

}  // namespace evenkeel
