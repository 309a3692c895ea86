#pragma once

#include <cstdint>
#include <vector>

#include "evenkeel/model/loss.hpp"
#include "evenkeel/train/data_view.hpp"
#include "plan/batch.hpp"

namespace evenkeel {

/// Rows of the view, where each has `features` numbers.
std::int64_t rows_in(const DataView& data, std::int64_t features);

/// Some rows of the data, copied: the first, and so on at even distances, since data may be sorted by its classes.
class ProbeBatch {
  public:
    ProbeBatch() = default;
    ProbeBatch(const DataView& data, std::int64_t rows, std::int64_t features);

    /// Throws Error{input} where the rows do not fit. Valid as long as this batch is.
    BatchView view(std::int64_t features, std::int64_t outputs, const Loss& loss) const;

  private:
    std::vector<std::uint8_t> bytes_;
    std::vector<float> floats_, targets_, weights_;
    std::vector<std::int32_t> labels_;
};

}  // namespace evenkeel
