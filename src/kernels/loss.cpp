#include "kernels/loss.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/loss.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include <hwy/contrib/math/math-inl.h>

#include "kernels/columns-inl.h"
#include "kernels/softmax-inl.h"

#include <algorithm>
#include <cmath>

HWY_BEFORE_NAMESPACE();
namespace evenkeel::kernels {
namespace HWY_NAMESPACE {

// The first `rows` numbers at p, and zeros.
template <class D>
HWY_INLINE hn::Vec<D> load_rows(D d, const hn::TFromD<D>* p, std::int64_t rows) {
    if (rows == static_cast<std::int64_t>(hn::Lanes(d))) return hn::LoadU(d, p);
    HWY_ALIGN hn::TFromD<D> each[hn::MaxLanes(D())] = {};
    std::copy_n(p, rows, each);
    return hn::Load(d, each);
}

// e = exp(z − max), p = e/Σe, loss = max + ln Σe − z_label, gradient = (p − onehot)·weight·scale, for as many rows as a
// vector has lanes (or the fewer that are left), through transposed copies [width][lanes]. A NaN logit must come out as a
// NaN loss: max may lose it, Σe does not.
HWY_INLINE void rows_by_lane(const LossBlock& block, std::int64_t first, std::int64_t rows, float* probabilities) {
    const hn::ScalableTag<float> d;
    const hn::RebindToSigned<decltype(d)> di;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    const std::int64_t width = block.width;
    ClassesByLane columns;
    rows_to_lanes(width, rows, block.predictions + first * width, columns);
    const auto labels = load_rows(di, block.labels + first, rows);
    const auto labelled = [=](std::int64_t j) HWY_ATTR {
        return hn::RebindMask(d, hn::Eq(labels, hn::Set(di, static_cast<std::int32_t>(j))));
    };
    auto logit = hn::Zero(d);
    for (std::int64_t j = 0; j < width; ++j)
        logit = hn::IfThenElse(labelled(j), hn::Load(d, columns.at + j * lanes), logit);
    const auto [highest, sum] = softmax_by_lane(d, width, columns);
    HWY_ALIGN float losses[hn::MaxLanes(d)];
    const auto loss = hn::Add(hn::Sub(highest, logit), hn::Log(d, sum));
    hn::Store(hn::IfThenElse(hn::IsNaN(sum), sum, loss), d, losses);
    std::copy_n(losses, rows, block.losses + first);
    if (probabilities != nullptr) lanes_to_rows(width, rows, columns, probabilities + first * width);
    if (block.gradient == nullptr) return;
    auto weight = hn::Set(d, block.scale);
    if (block.weights != nullptr) weight = hn::Mul(load_rows(d, block.weights + first, rows), weight);
    for (std::int64_t j = 0; j < width; ++j) {
        float* p = columns.at + j * lanes;
        const auto onehot = hn::IfThenElseZero(labelled(j), hn::Set(d, 1.0F));
        hn::Store(hn::Mul(hn::Sub(hn::Load(d, p), onehot), weight), d, p);
    }
    lanes_to_rows(width, rows, columns, block.gradient + first * width);
}

// The same for many classes: one row at a time, its classes over the lanes.
HWY_INLINE void one_row(const LossBlock& block, std::int64_t r, float* probabilities) {
    const std::int64_t width = block.width;
    const float* z = block.predictions + r * width;
    float* p = probabilities != nullptr ? probabilities + r * width : block.gradient + r * width;
    const std::int32_t label = block.labels[r];
    const float logit = z[label];  // read before p, which may be z, is written
    const auto [highest, sum] = softmax_of_row(width, z, p);
    block.losses[r] = highest - logit + std::log(sum);
    if (block.gradient == nullptr) return;
    const float weight = (block.weights != nullptr ? block.weights[r] : 1.0F) * block.scale;
    float* gradient = block.gradient + r * width;
    const float p_label = p[label];
    for (std::int64_t j = 0; j < width; ++j) gradient[j] = p[j] * weight;
    gradient[label] = (p_label - 1.0F) * weight;
}

void SparseSoftmaxCrossentropy(const LossBlock& block, float* probabilities) {
    if (block.width > most_classes_by_lane) {
        for (std::int64_t r = 0; r < block.rows; ++r) one_row(block, r, probabilities);
        return;
    }
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(hn::ScalableTag<float>()));
    for (std::int64_t first = 0; first < block.rows; first += lanes) {
        rows_by_lane(block, first, std::min(lanes, block.rows - first), probabilities);
    }
}

}  // namespace HWY_NAMESPACE
}  // namespace evenkeel::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "kernels/reference/loss.hpp"

namespace evenkeel::kernels {

HWY_EXPORT(SparseSoftmaxCrossentropy);

namespace {

// The outputs of a network are few; these losses run as their formulas read, in double, one row at a time.
template <typename RowLoss>
void each_row(const LossBlock& block, const RowLoss& row_loss) {
    double *p = block.scratch, *t = p + block.width, *gradient = t + block.width;
    for (std::int64_t r = 0; r < block.rows; ++r) {
        for (std::int64_t j = 0; j < block.width; ++j) {
            p[j] = block.predictions[r * block.width + j];
            t[j] = block.targets != nullptr ? block.targets[r * block.width + j] : (j == block.labels[r] ? 1.0 : 0.0);
        }
        block.losses[r] = static_cast<float>(row_loss(p, t, gradient));
        if (block.gradient == nullptr) continue;
        const double weight = (block.weights != nullptr ? block.weights[r] : 1.0F) * static_cast<double>(block.scale);
        for (std::int64_t j = 0; j < block.width; ++j) {
            block.gradient[r * block.width + j] = static_cast<float>(gradient[j] * weight);
        }
    }
}

}  // namespace

void sparse_softmax_crossentropy(const LossBlock& block, float* probabilities) {
    HWY_DYNAMIC_DISPATCH(SparseSoftmaxCrossentropy)(block, probabilities);
}

void softmax_crossentropy(const LossBlock& block) {
    each_row(block, [&](auto* p, auto* t, auto* g) { return reference::softmax_crossentropy(block.width, p, t, g); });
}

void sigmoid_crossentropy(const LossBlock& block) {
    each_row(block, [&](auto* p, auto* t, auto* g) { return reference::sigmoid_crossentropy(block.width, p, t, g); });
}

void mean_squared_error(const LossBlock& block) {
    each_row(block, [&](auto* p, auto* t, auto* g) { return reference::mean_squared_error(block.width, p, t, g); });
}

void huber(const LossBlock& block, float delta) {
    each_row(block, [&](auto* p, auto* t, auto* g) {
        return reference::huber(block.width, static_cast<double>(delta), p, t, g);
    });
}

void categorical_crossentropy(const LossBlock& block) {
    each_row(block,
             [&](auto* p, auto* t, auto* g) { return reference::categorical_crossentropy(block.width, p, t, g); });
}

void binary_crossentropy(const LossBlock& block) {
    each_row(block, [&](auto* p, auto* t, auto* g) { return reference::binary_crossentropy(block.width, p, t, g); });
}

}  // namespace evenkeel::kernels
#endif
