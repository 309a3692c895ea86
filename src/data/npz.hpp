#pragma once

#include <filesystem>

#include "evenkeel/data/dataset.hpp"

namespace evenkeel {

/// A NumPy archive (numpy.savez, savez_compressed) with Keras's names x_train, y_train, x_test, y_test, or
/// train_images, train_labels, test_images, test_labels. Integer y of shape (rows,) or (rows, 1) are labels;
/// any other y are targets to regress on, one-hot rows too. `classes` = 0: as the training labels say.
Dataset read_npz(const std::filesystem::path& path, std::int64_t classes);

}  // namespace evenkeel
