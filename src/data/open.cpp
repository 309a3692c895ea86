#include "evenkeel/data/open.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "data/array.hpp"
#include "data/assemble.hpp"
#include "data/idx.hpp"
#include "data/npz.hpp"
#include "evenkeel/core/error.hpp"
#include "evenkeel/data/digits.hpp"
#include "evenkeel/data/mnist.hpp"
#include "evenkeel/data/table.hpp"

namespace evenkeel {
namespace {

std::string lower_extension(const std::filesystem::path& path) {
    std::string extension = path.extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(),
                   [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c); });
    return extension;
}

}  // namespace

Dataset open_dataset(const std::string& name_or_path, const OpenOptions& options) {
    constexpr const char* choices = "mnist, digits, a folder with IDX files, a .npz or a .csv file";
    if (options.classes < 0 || options.classes > max_classes) {
        fail_input("data", fmt::format("0 to {} classes", max_classes), fmt::format("{}", options.classes));
    }
    if (name_or_path == "mnist" || name_or_path == "digits") {
        Dataset data = name_or_path == "mnist" ? load_mnist() : make_digits();
        settle(data, options.classes);
        return data;
    }
    const std::filesystem::path path(name_or_path);
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) return read_idx_folder(path, options.classes);
    if (!std::filesystem::exists(path, error)) {
        fail_input("data", choices,
                   fmt::format("\"{}\", which is neither a name nor a path that exists", name_or_path));
    }
    const std::string extension = lower_extension(path);
    if (extension == ".npz") return read_npz(path, options.classes);
    if (extension == ".csv") return dataset_of(read_table(path), options.target, options.classes, options.split_seed);
    fail_input("data", choices, fmt::format("\"{}\"", name_or_path));
}

}  // namespace evenkeel
