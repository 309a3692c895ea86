#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evenkeel/core/export.hpp"
#include "evenkeel/model/compilation.hpp"
#include "evenkeel/model/description.hpp"
#include "evenkeel/model/variables.hpp"

namespace evenkeel {

/// Everything that a .keras archive carries.
struct SavedModel {
    ModelDescription description;
    VariableLayout layout;  ///< of the description
    VariableValues values;
    /// Present when the archive says how to train, in words that Evenkeel has. A custom loss comes back as
    /// LossKind::custom with an empty function: no file can hold it, the caller sets it again.
    std::optional<Compilation> compilation;
    /// Why `compilation` is empty though the archive has one (an optimizer or loss without a counterpart
    /// here, optimizer variables that do not fit it), or which metrics were left out of it. Empty otherwise.
    std::string compilation_problem;
    /// Slots in Keras's order (RMSprop: mean square, momentum, mean gradient; Adam: m, v). save_keras takes
    /// no slots for slots of zeros; load_keras gives slot_count(optimizer) of them where there is a
    /// compilation.
    OptimizerValues optimizer_values;
    /// A JSON object of the caller's own (where training stands, …), or "": "training" of
    /// assets/evenkeel.json. Comes back compact, its keys sorted.
    std::string extra_json;
};

/// Reads a Sequential model as Keras 3 writes it. Layers, activations, initializers, regularizers and options
/// that Evenkeel has no counterpart for are refused by name; an option of unknown name is accepted where it
/// is null or false. What Keras has no word for stands in assets/evenkeel.json; without that file every
/// BatchNormalization has debias = false, updates = −1 and the biased moving variance, which is what Keras
/// does, and an optimizer with weight decay decays γ and β too, as Keras's does. Nothing is allocated for
/// variables before the weights in the file are known to be large enough. Throws Error{input} naming file,
/// layer and option.
EVENKEEL_API SavedModel load_keras(const std::filesystem::path& path);

/// Writes an archive that Keras 3 loads, optimizer variables included. `path` is replaced whole or not at
/// all. Equal models give equal bytes: the archive carries a fixed date, 1980-01-01. Throws Error{input} when
/// the parts do not fit one another, or a layer's name is none for Keras (it holds '/'); Error{work} when
/// writing fails.
EVENKEEL_API void save_keras(const std::filesystem::path& path, const SavedModel& model);

/// The model of a Keras config, as `model.to_json()` or config.json have it, with the rules of load_keras;
/// how it was compiled is not looked at. `where` names the text in messages.
EVENKEEL_API ModelDescription description_from_json(std::string_view json, std::string_view where);

/// Keras's config.json. With null instead of a compilation, the model is not compiled.
EVENKEEL_API std::string to_json(const ModelDescription& description, const Compilation* compilation);

/// All variables in the order of Keras's model.get_weights(), as little-endian float32.
EVENKEEL_API std::vector<std::byte> weights_bytes(const VariableLayout& layout, const VariableValues& values);

/// SHA-256 of weights_bytes, 64 hexadecimal digits.
EVENKEEL_API std::string weights_sha256(const VariableLayout& layout, const VariableValues& values);

}  // namespace evenkeel
