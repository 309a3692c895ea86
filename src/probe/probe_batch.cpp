#include "probe/probe_batch.hpp"

#include "train/loop.hpp"

namespace evenkeel {
namespace {

template <typename T>
std::vector<T> chosen(std::span<const T> values, const std::vector<std::int64_t>& rows, std::int64_t width) {
    std::vector<T> result;
    if (values.empty()) return result;
    result.reserve(rows.size() * static_cast<std::size_t>(width));
    for (const std::int64_t row : rows) {
        const auto from = values.subspan(static_cast<std::size_t>(row * width), static_cast<std::size_t>(width));
        result.insert(result.end(), from.begin(), from.end());
    }
    return result;
}

}  // namespace

std::int64_t rows_in(const DataView& data, std::int64_t features) {
    return data.rows >= 0 ? data.rows : data.x.size() / features - data.first_row;
}

ProbeBatch::ProbeBatch(const DataView& data, std::int64_t rows, std::int64_t features) {
    const std::int64_t total = rows_in(data, features);
    std::vector<std::int64_t> which;
    for (std::int64_t i = 0; i < rows; ++i) which.push_back(data.first_row + i * total / rows);
    const std::int64_t all = data.x.size() / features;
    const auto answers = static_cast<std::int64_t>(data.y.targets.size());
    bytes_ = chosen(data.x.bytes, which, features);
    floats_ = chosen(data.x.floats, which, features);
    labels_ = chosen(data.y.labels, which, 1);
    targets_ = chosen(data.y.targets, which, answers / all);
    weights_ = chosen(data.sample_weight, which, 1);
}

BatchView ProbeBatch::view(std::int64_t features, std::int64_t outputs, const Loss& loss) const {
    DataView data;
    data.x.bytes = bytes_;
    data.x.floats = floats_;
    data.y.labels = labels_;
    data.y.targets = targets_;
    data.sample_weight = weights_;
    const CheckedData checked = check_data(data, features, outputs, &loss);
    BatchView view = checked.all;
    view.rows = checked.rows;
    return view;
}

}  // namespace evenkeel
