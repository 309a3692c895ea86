#pragma once

#include <cstdint>
#include <string>

#include "evenkeel/core/export.hpp"
#include "evenkeel/data/dataset.hpp"

namespace evenkeel {

struct OpenOptions {
    std::string target = {};       ///< the column to learn, for .csv
    std::int64_t classes = 0;      ///< how many classes the labels have; 0: the largest training label plus one
    std::uint64_t split_seed = 0;  ///< of the test rows of a .csv
};

/// What `--data` takes: "mnist" (fetched on first use), "digits" (built in), a folder with IDX files, a .npz
/// or a .csv. Labels are in [0, classes), values finite, train and test of one shape: anything else is an
/// Error{input} that names the file and the place, as is a name that is none of these.
EVENKEEL_API Dataset open_dataset(const std::string& name_or_path, const OpenOptions& options = {});

}  // namespace evenkeel
