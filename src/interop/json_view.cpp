#include "interop/json_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "evenkeel/core/error.hpp"

namespace evenkeel {
namespace {

constexpr int max_depth = 64;
const nlohmann::json no_config = nlohmann::json::object();

// A dump of a large value would build all of it for a message that shows its beginning.
std::string sketch(const nlohmann::json& value) {
    if (value.is_object()) {
        const auto name = value.find("class_name");
        if (name != value.end() && name->is_string()) return shown(name->get_ref<const std::string&>());
        return fmt::format("an object of {} keys", value.size());
    }
    if (value.is_array()) {
        if (value.size() > 8) return fmt::format("a list of {} values", value.size());
        std::string out;
        for (const auto& item : value) out += (out.empty() ? "" : ", ") + sketch(item);
        return "[" + out + "]";
    }
    if (value.is_string()) return '"' + shown(value.get_ref<const std::string&>()) + '"';
    return value.dump();
}

const JsonView& an_object(const JsonView& view) {
    if (!view.is_object()) view.fail("an object");
    return view;
}

}  // namespace

std::string shown(std::string_view text) {
    constexpr std::size_t longest = 60;
    std::string out(text.substr(0, longest));
    std::replace_if(
        out.begin(), out.end(),
        [](char c) { return static_cast<unsigned char>(c) < 32 || static_cast<unsigned char>(c) == 127; }, '?');
    if (text.size() <= longest) return out;
    // Not in the middle of a character of UTF-8.
    std::size_t end = longest;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return out.substr(0, end) + "…";
}

nlohmann::json parse_json(std::string_view text, std::string_view where) {
    using nlohmann::json;
    const auto bounded = [&](int depth, json::parse_event_t, json&) {
        if (depth > max_depth) {
            fail_input(where, fmt::format("JSON of at most {} levels", max_depth), "a deeper nesting");
        }
        return true;
    };
    try {
        return json::parse(text.begin(), text.end(), bounded);
    } catch (const json::exception& error) {
        // "[json.exception.parse_error.101] parse error at line 1, column 2: …"
        const std::string_view message = error.what();
        const std::size_t end = message.find("] ");
        std::string line(end == message.npos ? message : message.substr(end + 2));
        std::replace_if(
            line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 32; }, '?');
        fail_input(where, "JSON", line.size() > 200 ? line.substr(0, 120) + "…" : line);
    }
}

void JsonView::fail(std::string_view expected) const {
    fail_input(where_, expected, sketch(*value_));
}

const std::string& JsonView::text() const {
    if (!value_->is_string()) fail("a text");
    return value_->get_ref<const std::string&>();
}

bool JsonView::flag() const {
    if (!value_->is_boolean()) fail("true or false");
    return value_->get<bool>();
}

double JsonView::number() const {
    if (!value_->is_number()) fail("a number");
    const auto number = value_->get<double>();
    if (!std::isfinite(number)) fail("a finite number");
    return number;
}

std::int64_t JsonView::integer() const {
    constexpr double limit = 9007199254740992.0;  // 2^53: whole numbers up to here are exact
    const double value = number();
    if (value != std::floor(value) || std::abs(value) > limit) fail("a whole number");
    return static_cast<std::int64_t>(value);
}

std::vector<double> JsonView::numbers() const {
    if (!value_->is_array()) fail("a list of numbers");
    std::vector<double> out;
    out.reserve(value_->size());
    for (const auto& item : *value_) out.push_back(JsonView(item, where_).number());
    return out;
}

std::vector<JsonView> JsonView::list() const {
    constexpr std::size_t longest = 10000;  // each view carries words
    if (!value_->is_array() || value_->size() > longest) fail(fmt::format("a list of at most {}", longest));
    std::vector<JsonView> out;
    out.reserve(value_->size());
    for (const auto& item : *value_) out.emplace_back(item, fmt::format("{}[{}]", where_, out.size()));
    return out;
}

JsonObject::JsonObject(const JsonView& view) : JsonObject(view, view.where()) {}

JsonObject::JsonObject(const JsonView& view, std::string where)
    : object_(&an_object(view).json()), where_(std::move(where)) {}

std::optional<JsonView> JsonObject::find(const std::string& key) {
    known_.insert(key);
    const auto found = object_->find(key);
    if (found == object_->end() || found->is_null()) return std::nullopt;
    return JsonView(*found, where_ + "." + key);
}

JsonView JsonObject::get(const std::string& key) {
    const auto found = find(key);
    if (!found) fail_input(where_, fmt::format("a key \"{}\"", key), "none");
    return *found;
}

bool JsonObject::flag(const std::string& key, bool otherwise) {
    const auto found = find(key);
    return found ? found->flag() : otherwise;
}

double JsonObject::number(const std::string& key, double otherwise) {
    const auto found = find(key);
    return found ? found->number() : otherwise;
}

std::string JsonObject::text(const std::string& key, std::string_view otherwise) {
    const auto found = find(key);
    return found ? found->text() : std::string(otherwise);
}

void JsonObject::ignore(std::initializer_list<const char*> keys) {
    known_.insert(keys.begin(), keys.end());
}

void JsonObject::done() const {
    for (const auto& [key, value] : object_->items()) {
        const bool off = value.is_null() || (value.is_boolean() && !value.get<bool>());
        if (!off && !known_.contains(key)) {
            JsonView(value, where_ + "." + shown(key)).fail("null or false (Evenkeel has no such option)");
        }
    }
}

KerasObject::KerasObject(const JsonView& view) : config(no_config, view.where()) {
    JsonObject object(view);
    class_name = object.get("class_name").text();
    if (const auto module = object.find("module")) {
        const std::string& name = module->text();
        if (name != "builtins" && name != "keras" && !name.starts_with("keras.")) {
            fail_input(view.where(), "an object of Keras's own", shown(fmt::format("{} of {}", class_name, name)));
        }
    }
    if (const auto name = object.find("registered_name"); name && name->text() != class_name) {
        fail_input(view.where(), "an object of Keras's own", shown(name->text()));
    }
    if (const auto found = object.find("config")) config = JsonView(found->json(), view.where());
    object.ignore({"build_config", "shared_object_id", "compile_config"});
    object.done();
}

}  // namespace evenkeel
