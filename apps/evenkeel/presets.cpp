#include "presets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace evenkeel::cli {
namespace {

const std::array<Preset, 4>& table() {
    static const std::array<Preset, 4> all = {{
        {"rates",
         "Does normalization allow higher learning rates?",
         {{"--sweep", "learning_rate=0.001,0.003,0.01,0.03,0.1,0.3,1,3,10,30"},
          {"--epochs", "3"},
          {"--seeds", "8"},
          {"--out", "runs/rates"}},
         "about half decades, from where training is too slow to where it breaks; three epochs, since one would mostly "
         "ask "
         "who is faster at small rates; the lecture's network, plain SGD"},
        {"initialization",
         "Is training less sensitive to the initial weights?",
         {{"--sweep", "initializer_scale=0.001,0.01,0.03,0.1,0.3,1,3,10,30,100"},
          {"--learning-rate", "0.1"},
          {"--epochs", "2"},
          {"--seeds", "8"},
          {"--out", "runs/initialization"}},
         "1 is Keras's own initialization (Glorot uniform); the lecture's network, plain SGD at its usual rate"},
        {"batch-sizes",
         "Does normalization suffer from small batches?",
         {{"--sweep", "batch_size=2,4,8,16,32,128"},
          {"--learning-rate", "0.1"},
          {"--full-rate-batch", "32"},
          {"--train-rows", "40000"},
          {"--epochs", "1"},
          {"--seeds", "8"},
          {"--out", "runs/batch-sizes"}},
         "every batch size sees the same 40000 rows once; batches below 32 take the rate in proportion to their rows, "
         "or noise alone would tell the sizes apart"},
        {"depth",
         "Does normalization keep gradients from vanishing?",
         {{"--sweep", "depth=2,5,10,20"},
          {"--model", "mlp:784-100-100-10"},
          {"--activation", "sigmoid"},
          {"--learning-rate", "0.1"},
          {"--epochs", "1"},
          {"--seeds", "8"},
          {"--out", "runs/depth"}},
         "sigmoids, whose gradients shrink most from layer to layer; equal layers of 100, plain SGD at its usual rate"},
    }};
    return all;
}

}  // namespace

std::span<const Preset> presets() {
    return table();
}

std::span<const char* const> preset_names() {
    static const std::vector<const char*> names = [] {
        std::vector<const char*> out;
        for (const Preset& preset : table()) out.push_back(preset.name);
        return out;
    }();
    return names;
}

const Preset& preset(const std::string& name) {
    return *std::find_if(table().begin(), table().end(), [&](const Preset& p) { return p.name == name; });
}

std::vector<std::string> typed(const Preset& preset, int width) {
    std::vector<std::string> lines(1);
    for (const auto& [option, value] : preset.options) {
        const std::string pair = std::string(option) + " " + value;
        const bool fits = static_cast<int>(lines.back().size() + 1 + pair.size()) <= width;
        if (!fits && !lines.back().empty()) lines.emplace_back();
        lines.back() += (lines.back().empty() ? "" : " ") + pair;
    }
    return lines;
}

std::string preset_help() {
    std::string out;
    for (const Preset& preset : table()) {
        out += fmt::format("  {}: {}\n", preset.name, preset.question);
        for (const std::string& line : typed(preset, 94)) out += "      " + line + '\n';
    }
    return out;
}

}  // namespace evenkeel::cli
