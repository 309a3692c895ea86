#include "evenkeel/study/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <numeric>

#include "core/clock.hpp"
#include "evenkeel/core/error.hpp"
#include "evenkeel/model/variables.hpp"
#include "study/cell_store.hpp"
#include "study/run_one.hpp"
#include "study/sweep_judge.hpp"

namespace evenkeel {
namespace {

/// What is left to be computed.
struct Cell {
    std::size_t point = 0, arm = 0;
    std::uint64_t seed = 0;
    double cost = 0;  ///< in no unit
};

void check_point(const SweepPoint& point, const SweepPoint& first) {
    const std::string where = fmt::format("sweep value {}", point.value);
    if (point.arms.empty()) fail_input(where, "at least one arm", "none");
    const bool same = std::equal(point.arms.begin(), point.arms.end(), first.arms.begin(), first.arms.end(),
                                 [](const ComparedArm& a, const ComparedArm& b) { return a.name == b.name; });
    if (!same) fail_input(where, "the arms of the first value", "others");
    if (point.compilation.metrics.empty() || point.compilation.metrics.front().kind != Metric::Kind::accuracy)
        fail_input(where, "accuracy as the first metric", "another");
    validate(point.compilation.optimizer);
    if (point.batch_size < 1) fail_input(where, "batches of at least 1 row", fmt::format("{}", point.batch_size));
    for (const ComparedArm& arm : point.arms) {
        const VariableLayout layout(arm.model);  // refuses what is too large
        if (point.batch_size == 1 && layout.batch_normalizations > 0)
            fail_input(where, fmt::format("batches of at least 2 rows for arm {}", arm.name), "1");
    }
}

void check(const Dataset& data, SweepKey key, const std::vector<SweepPoint>& points, const SweepOptions& o) {
    const auto need_whole = [](const char* where, std::int64_t value, std::int64_t low, std::int64_t high) {
        if (value < low || value > high)
            fail_input(where, fmt::format("a whole number from {} to {}", low, high), fmt::format("{}", value));
    };
    if (data.classes < 2)
        fail_input("sweep", "data with classes (accuracy is what is compared)", "data for regression");
    if (points.empty()) fail_input("sweep", "at least one value", "none");
    need_whole("sweep.epochs", o.epochs, 1, 1000000);
    need_whole("sweep.seeds", o.seeds, 1, 10000);
    need_whole("sweep.threads", o.threads, 0, 1024);
    if (o.validation_rows < 1 || o.validation_rows >= data.train.rows()) {
        fail_input("sweep.validation_rows",
                   fmt::format("at least 1 (the best values are chosen on them) and fewer than the {} training rows",
                               data.train.rows()),
                   fmt::format("{}", o.validation_rows));
    }
    if (o.train_rows < 0) fail_input("sweep.train_rows", "0 (all) or more", fmt::format("{}", o.train_rows));
    if (!(o.useful_accuracy > 0 && o.useful_accuracy <= 1))
        fail_input("sweep.useful_accuracy", "a share above 0 and at most 1", fmt::format("{}", o.useful_accuracy));
    for (const SweepPoint& point : points) check_point(point, points.front());
    for (std::size_t i = 0; is_numeric(key) && i < points.size(); ++i) {
        if (!(points[i].number > (i > 0 ? points[i - 1].number : 0.0)))
            fail_input("sweep", "ascending numbers above 0", fmt::format("{}", points[i].number));
    }
    const double cells = static_cast<double>(points.size() * points.front().arms.size()) * o.seeds;
    if (cells > 1e6) fail_input("sweep", "at most 1000000 cells (values × arms × seeds)", fmt::format("{}", cells));
}

/// Tells the caller how far the sweep is, one thread at a time.
class Meter {
  public:
    Meter(const SweepOptions& options, std::int64_t cells, std::int64_t kept, double cost)
        : options_(options), cost_(cost) {
        now_.cells = cells;
        now_.done = now_.kept = kept;
    }
    void add(double cost, bool cell_done) {
        const std::lock_guard lock(mutex_);
        cost_done_ += cost;
        now_.done += cell_done ? 1 : 0;
        now_.share = cost_ > 0 ? std::min(1.0, cost_done_ / cost_) : 1;
        now_.seconds = seconds_since(start_);
        if (options_.progress) options_.progress(now_);
    }

  private:
    const SweepOptions& options_;
    SweepProgress now_;
    double cost_, cost_done_ = 0;
    Clock::time_point start_ = Clock::now();
    std::mutex mutex_;
};

/// The values × arms × seeds of one call: which cells there are, which are kept already, and computing the others.
class Grid {
  public:
    Grid(const Dataset& data, const std::vector<SweepPoint>& points, const SweepOptions& options)
        : data_(data), points_(points), options_(options), store_(options.cells) {
        for (const SweepPoint& point : points) {
            auto& names = identities_.emplace_back();
            for (const ComparedArm& arm : point.arms) names.push_back(cell_identity(point, arm, options));
            runs_.emplace_back(point.arms.size(), std::vector<std::optional<ComparedRun>>(options.seeds));
        }
        for (std::size_t seed = 0; seed < static_cast<std::size_t>(options.seeds); ++seed) find_cells_of(seed);
    }

    std::int64_t kept() const { return cells() - std::ssize(left_); }
    std::int64_t cells() const { return std::ssize(points_) * std::ssize(points_.front().arms) * options_.seeds; }
    std::int64_t done() const { return kept() + computed_.load(); }

    void compute() {
        const double cost = std::accumulate(left_.begin(), left_.end(), 0.0,
                                            [](double sum, const Cell& cell) { return sum + cell.cost; });
        Meter progress(options_, cells(), kept(), cost);
        const auto stopped = [this] { return options_.interrupted != nullptr && options_.interrupted->load(); };
        side_by_side(std::ssize(left_), options_.threads, stopped, [&](std::int64_t i, int threads) {
            const Cell& cell = left_[static_cast<std::size_t>(i)];
            const double epoch_cost = cell.cost / options_.epochs;
            ComparedRun run = run_cell(cell, threads, [&] { progress.add(epoch_cost, false); });
            // A signal may have come after the last step: such a cell is whole, but nobody can tell.
            if (stopped()) return;
            const auto epochs_left = options_.epochs - std::ssize(run.epochs);  // of a diverged run
            store_.save(identities_[cell.point][cell.arm], points_[cell.point], points_[cell.point].arms[cell.arm],
                        run);
            runs_[cell.point][cell.arm][cell.seed] = as_kept(run);
            ++computed_;
            progress.add(epoch_cost * static_cast<double>(epochs_left), true);
        });
    }

    std::vector<SweptValue> values() const {
        std::vector<SweptValue> values;
        for (std::size_t p = 0; p < points_.size(); ++p) {
            SweptValue& value = values.emplace_back(SweptValue{points_[p], {}, {}});
            for (std::size_t a = 0; a < points_[p].arms.size(); ++a) {
                ArmResult arm{points_[p].arms[a], {}, {}, {}};
                for (const auto& run : runs_[p][a]) arm.runs.push_back(*run);
                value.arms.push_back(std::move(arm));
            }
        }
        return values;
    }

  private:
    /// Seeds outside, so that what is interrupted has pairs; within a seed the longest first, so that no core is left
    /// alone with a long cell at the end.
    void find_cells_of(std::size_t seed) {
        const std::size_t begin = left_.size();
        for (std::size_t p = 0; p < points_.size(); ++p) {
            for (std::size_t a = 0; a < points_[p].arms.size(); ++a) {
                runs_[p][a][seed] = store_.load(identities_[p][a], seed);
                if (!runs_[p][a][seed]) left_.push_back({p, a, seed, cost_of(points_[p], points_[p].arms[a])});
            }
        }
        std::stable_sort(left_.begin() + static_cast<std::ptrdiff_t>(begin), left_.end(),
                         [](const Cell& a, const Cell& b) { return a.cost > b.cost; });
    }

    /// A step costs its rows, and whatever it costs whose rows are few: about 12 rows' worth.
    double cost_of(const SweepPoint& point, const ComparedArm& arm) const {
        const auto rows = static_cast<double>(data_.train.rows() - options_.validation_rows);
        const double trained =
            options_.train_rows > 0 ? std::min(rows, static_cast<double>(options_.train_rows)) : rows;
        const double evaluated = static_cast<double>(options_.validation_rows) / 3;
        const auto weights = static_cast<double>(VariableLayout(arm.model).weights_size);
        return options_.epochs * weights * (trained * (1 + 12.0 / static_cast<double>(point.batch_size)) + evaluated);
    }

    ComparedRun run_cell(const Cell& cell, int threads, const std::function<void()>& on_epoch_end) const {
        const SweepPoint& point = points_[cell.point];
        CompareOptions options;
        options.compilation = point.compilation;
        options.batch_size = point.batch_size;
        options.epochs = options_.epochs;
        options.validation_rows = options_.validation_rows;
        options.train_rows = options_.train_rows;
        options.interrupted = options_.interrupted;
        return run_one(
            data_, {point.arms[cell.arm].name, point.arms[cell.arm].model, options, cell.seed, threads, on_epoch_end});
    }

    const Dataset& data_;
    const std::vector<SweepPoint>& points_;
    const SweepOptions& options_;
    CellStore store_;
    std::vector<std::vector<std::string>> identities_;                        ///< [point][arm]
    std::vector<std::vector<std::vector<std::optional<ComparedRun>>>> runs_;  ///< [point][arm][seed]
    std::vector<Cell> left_;
    std::atomic<std::int64_t> computed_ = 0;
};

}  // namespace

SweepResult sweep(const Dataset& data, SweepKey key, const std::vector<SweepPoint>& points, const SweepOptions& given) {
    const auto start = Clock::now();
    SweepOptions options = given;
    if (options.validation_rows < 0) options.validation_rows = std::min<std::int64_t>(10000, data.train.rows() / 6);
    check(data, key, points, options);
    // One name for "all", however it was said: it is part of what determines a cell.
    options.train_rows = std::min(data.train.rows() - options.validation_rows,
                                  options.train_rows > 0 ? options.train_rows : data.train.rows());
    Grid grid(data, points, options);
    SweepResult result;
    result.key = key;
    result.validation_rows = options.validation_rows;
    result.train_rows = options.train_rows;
    result.cells = grid.cells();
    result.cells_kept = grid.kept();
    grid.compute();
    result.cells_done = grid.done();
    result.interrupted = result.cells_done < result.cells;
    if (!result.interrupted) {
        result.values = grid.values();
        judge(result, options, data.classes);
    }
    result.seconds = seconds_since(start);
    return result;
}

}  // namespace evenkeel
