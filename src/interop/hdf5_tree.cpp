#include "interop/hdf5_tree.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace evenkeel::hdf5 {
namespace {

static_assert(std::endian::native == std::endian::little, "bytes are copied as they lie in the file");

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// The run of digits that `text` starts with, without leading zeros.
std::string_view digits_of(std::string_view text) {
    const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
    std::string_view digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
    return digits;
}

void skip_digits(std::string_view& text) {
    while (!text.empty() && is_digit(text.front())) text.remove_prefix(1);
}

struct Half {
    std::uint16_t bits;
};

double widen(Half half) {
    const int exponent = (half.bits >> 10) & 31;
    const int fraction = half.bits & 1023;
    const double sign = (half.bits & 0x8000) != 0 ? -1.0 : 1.0;
    if (exponent == 31) return fraction != 0 ? std::nan("") : sign * HUGE_VAL;
    if (exponent == 0) return sign * std::ldexp(fraction, -24);
    return sign * std::ldexp(1024 + fraction, exponent - 25);
}

template <class Number>
double widen(Number number) {
    return static_cast<double>(number);
}

template <class Stored, class Wanted>
std::vector<Wanted> convert(std::span<const std::byte> bytes) {
    std::vector<Wanted> out(bytes.size() / sizeof(Stored));
    for (std::size_t i = 0; i < out.size(); ++i) {
        Stored stored;
        std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
        out[i] = static_cast<Wanted>(widen(stored));
    }
    return out;
}

template <class Wanted>
std::vector<Wanted> convert(const Array& array) {
    switch (array.type) {
        case Type::float16:
            return convert<Half, Wanted>(array.bytes);
        case Type::float32:
            return convert<float, Wanted>(array.bytes);
        case Type::float64:
            return convert<double, Wanted>(array.bytes);
        case Type::int8:
            return convert<std::int8_t, Wanted>(array.bytes);
        case Type::int16:
            return convert<std::int16_t, Wanted>(array.bytes);
        case Type::int32:
            return convert<std::int32_t, Wanted>(array.bytes);
        case Type::int64:
            return convert<std::int64_t, Wanted>(array.bytes);
        case Type::uint8:
            return convert<std::uint8_t, Wanted>(array.bytes);
        case Type::uint16:
            return convert<std::uint16_t, Wanted>(array.bytes);
        case Type::uint32:
            return convert<std::uint32_t, Wanted>(array.bytes);
        case Type::uint64:
            return convert<std::uint64_t, Wanted>(array.bytes);
    }
    return {};
}

template <class Items>
auto* find_named(Items& items, std::string_view name) {
    const auto found = std::find_if(items.begin(), items.end(), [name](const auto& item) { return item.name == name; });
    return found == items.end() ? nullptr : &*found;
}

// Cuts the first name off a path; "a//b" and a slash at either end are taken as "a/b".
std::string_view next_name(std::string_view& path) {
    path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
    const std::string_view name = path.substr(0, path.find('/'));
    path.remove_prefix(name.size());
    return name;
}

}  // namespace

std::size_t size_of(Type type) {
    switch (type) {
        case Type::int8:
        case Type::uint8:
            return 1;
        case Type::float16:
        case Type::int16:
        case Type::uint16:
            return 2;
        case Type::float32:
        case Type::int32:
        case Type::uint32:
            return 4;
        case Type::float64:
        case Type::int64:
        case Type::uint64:
            return 8;
    }
    return 0;
}

std::string_view name_of(Type type) {
    switch (type) {
        case Type::float16:
            return "float16";
        case Type::float32:
            return "float32";
        case Type::float64:
            return "float64";
        case Type::int8:
            return "int8";
        case Type::int16:
            return "int16";
        case Type::int32:
            return "int32";
        case Type::int64:
            return "int64";
        case Type::uint8:
            return "uint8";
        case Type::uint16:
            return "uint16";
        case Type::uint32:
            return "uint32";
        case Type::uint64:
            return "uint64";
    }
    return "";
}

std::vector<float> to_floats(const Array& array) {
    return convert<float>(array);
}
std::vector<double> to_doubles(const Array& array) {
    return convert<double>(array);
}

const Attribute* Attributes::find(std::string_view name) const {
    const auto found =
        std::find_if(items.begin(), items.end(), [name](const auto& item) { return item.first == name; });
    return found == items.end() ? nullptr : &found->second;
}

const std::string* Attributes::find_text(std::string_view name) const {
    const Attribute* attribute = find(name);
    return attribute != nullptr ? std::get_if<std::string>(attribute) : nullptr;
}

void Attributes::set(std::string_view name, Attribute value) {
    const auto found =
        std::find_if(items.begin(), items.end(), [name](const auto& item) { return item.first == name; });
    if (found == items.end()) {
        items.emplace_back(name, std::move(value));
    } else {
        found->second = std::move(value);
    }
}

const Group* Group::find_group(std::string_view path) const {
    const Group* group = this;
    for (auto part = next_name(path); !part.empty() && group != nullptr; part = next_name(path)) {
        group = find_named(group->groups, part);
    }
    return group;
}

const Dataset* Group::find_dataset(std::string_view path) const {
    const std::size_t slash = path.rfind('/');
    const Group* group = slash == std::string_view::npos ? this : find_group(path.substr(0, slash));
    return group == nullptr ? nullptr : find_named(group->datasets, path.substr(slash + 1));
}

Group& Group::make_group(std::string_view path) {
    Group* group = this;
    for (auto part = next_name(path); !part.empty(); part = next_name(path)) {
        Group* child = find_named(group->groups, part);
        if (child == nullptr) {
            child = &group->groups.emplace_back();
            child->name = part;
        }
        group = child;
    }
    return *group;
}

bool natural_less(std::string_view a, std::string_view b) {
    const std::string_view whole_a = a;
    const std::string_view whole_b = b;
    while (!a.empty() && !b.empty()) {
        if (is_digit(a.front()) && is_digit(b.front())) {
            const std::string_view number_a = digits_of(a);
            const std::string_view number_b = digits_of(b);
            if (number_a.size() != number_b.size()) return number_a.size() < number_b.size();
            if (number_a != number_b) return number_a < number_b;
            skip_digits(a);
            skip_digits(b);
        } else {
            if (a.front() != b.front())
                return static_cast<unsigned char>(a.front()) < static_cast<unsigned char>(b.front());
            a.remove_prefix(1);
            b.remove_prefix(1);
        }
    }
    if (a.empty() != b.empty()) return a.empty();
    return whole_a < whole_b;  // "01" and "1": equal as numbers, yet two names
}

}  // namespace evenkeel::hdf5
