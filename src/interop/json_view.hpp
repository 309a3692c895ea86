#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace evenkeel {

/// A text of unknown origin on one line, cut to a length that a message can bear.
std::string shown(std::string_view text);

/// JSON of unknown origin. Throws Error{input} naming `where` for a text that is none, or is nested deeper
/// than 64 levels (what walks a tree calls itself).
nlohmann::json parse_json(std::string_view text, std::string_view where);

/// A value inside a JSON document and the words for where it stands. Every getter throws Error{input} naming
/// that place when the value is not of its kind. A view of the document, which must outlive it.
class JsonView {
  public:
    JsonView(const nlohmann::json& value, std::string where) : value_(&value), where_(std::move(where)) {}

    const std::string& where() const { return where_; }
    const nlohmann::json& json() const { return *value_; }
    bool is_null() const { return value_->is_null(); }
    bool is_text() const { return value_->is_string(); }
    bool is_object() const { return value_->is_object(); }
    bool is_list() const { return value_->is_array(); }
    bool is_number() const { return value_->is_number(); }

    const std::string& text() const;
    bool flag() const;
    double number() const;         ///< finite
    std::int64_t integer() const;  ///< a whole number, 3.0 too
    std::vector<double> numbers() const;
    std::vector<JsonView> list() const;

    [[noreturn]] void fail(std::string_view expected) const;  ///< "[where] expected …, got <this value>"

  private:
    const nlohmann::json* value_;
    std::string where_;
};

/// An object of which every key has to be accounted for: `done` refuses those that nobody asked for, unless
/// they are null or false (options of newer versions that are off). A null counts as a missing key, which
/// is what Keras takes it for.
class JsonObject {
  public:
    explicit JsonObject(const JsonView& view);
    JsonObject(const JsonView& view, std::string where);  ///< with other words for where it stands

    const std::string& where() const { return where_; }
    JsonView get(const std::string& key);  ///< throws where it is missing or null
    std::optional<JsonView> find(const std::string& key);
    bool flag(const std::string& key, bool otherwise);
    double number(const std::string& key, double otherwise);
    std::string text(const std::string& key, std::string_view otherwise);
    void ignore(std::initializer_list<const char*> keys);
    void done() const;

  private:
    const nlohmann::json* object_;
    std::string where_;
    std::set<std::string> known_;
};

/// Keras's way to write an object: {"module", "class_name", "config", "registered_name"}. Throws where
/// it is none of Keras's own classes.
struct KerasObject {
    std::string class_name;
    JsonView config;
    explicit KerasObject(const JsonView& view);
};

}  // namespace evenkeel
