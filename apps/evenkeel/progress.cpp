#include "progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "core/clock.hpp"
#include "terminal.hpp"

namespace evenkeel::cli {
namespace {

std::string metric_text(const std::string& name, double value) {
    if (name.ends_with("accuracy")) return fmt::format("{} {:5.2f} %", name, 100 * value);
    return fmt::format("{} {:.4g}", name, value);
}

std::string speed(double rows, double seconds, const std::string& word) {
    return seconds > 0 ? fmt::format("{} {}/s", rate(rows / seconds), word) : "";
}

}  // namespace

ProgressMode progress_mode(bool quiet) {
    if (quiet) return ProgressMode::none;
    return is_terminal(STDERR_FILENO) ? ProgressMode::bar : ProgressMode::lines;
}

bool LiveLine::due() {
    if (seconds_since(last_) < 0.1) return false;
    last_ = std::chrono::steady_clock::now();
    return true;
}

void LiveLine::show(const std::string& head, double share, const std::string& tail) {
    const int room = std::min(columns(STDERR_FILENO), 100) - 3;  // a terminal echoes ^C behind it
    const int free = room - static_cast<int>(display_width(head) + display_width(tail)) - 4;
    const int length = std::min(30, free);
    std::string bar;
    if (length >= 5) {
        const int full = static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * length));
        bar += "  ";
        for (int i = 0; i < full; ++i) bar += "━";
        bar += "\x1b[2m";
        for (int i = full; i < length; ++i) bar += "─";
        bar += "\x1b[22m  ";
    } else {
        bar = "  ";
    }
    std::string text = head + bar + tail;
    if (length < 5 && static_cast<int>(display_width(text)) > room) text = head;  // too narrow for more
    text = "\r\x1b[2K" + text;
    shown_ = true;
    if (::write(STDERR_FILENO, text.data(), text.size()) < 0) shown_ = false;
}

void LiveLine::clear() {
    if (!shown_) return;
    shown_ = false;
    constexpr std::string_view text = "\r\x1b[2K";
    if (::write(STDERR_FILENO, text.data(), text.size()) < 0) return;
}

void TrainProgress::on_train_begin(Training& t) {
    Progress::on_train_begin(t);
    metric_ = t.history.metric_names.empty() ? "" : t.history.metric_names.front();
}

void TrainProgress::draw(const TrainingProgress& p) {
    if (mode_ != ProgressMode::bar) return;
    const std::string head = fmt::format("epoch {:>{}}/{}", p.epoch, fmt::formatted_size("{}", p.epochs), p.epochs);
    std::string tail = fmt::format("loss {:.4f}", p.loss);
    if (!metric_.empty()) tail += "  " + metric_text(metric_, p.metrics.front());
    if (p.rows_per_second > 0)
        tail += fmt::format("  {} {}/s  {} left", rate(p.rows_per_second), rows_word_, duration(p.seconds_left));
    line_.show(head, p.share, tail);
}

void TrainProgress::on_epoch_end(Training& t, const EpochLog& log) {
    if (mode_ != ProgressMode::lines) return;
    std::string line = fmt::format("epoch {}/{}  loss {:.4f}", log.epoch, t.epochs, log.train.loss);
    if (!t.history.metric_names.empty()) {
        const std::string& name = t.history.metric_names[0];
        line += "  " + metric_text(name, log.train.metrics[0]);
        if (log.validated) line += "  validation " + metric_text(name, log.validation.metrics[0]);
    }
    line += "  " + speed(static_cast<double>(log.train.rows), log.seconds, rows_word_);
    notice(line);
}

void CompareProgressLine::show(const CompareProgress& p) {
    if (mode_ == ProgressMode::none) return;
    const double share =
        p.epochs > 0 ? static_cast<double>(p.epochs_done) / static_cast<double>(p.epochs)
                     : static_cast<double>(p.runs_done) / static_cast<double>(std::max<std::int64_t>(1, p.runs));
    const double left = share > 0 ? p.seconds * (1 - share) / share : 0;
    const std::string head =
        fmt::format("runs {:>{}}/{}  epochs {:>{}}/{}", p.runs_done, fmt::formatted_size("{}", p.runs), p.runs,
                    p.epochs_done, fmt::formatted_size("{}", p.epochs), p.epochs);
    const std::string tail = fmt::format(
        "{}  {} left", speed(static_cast<double>(p.epochs_done * rows_), p.seconds, rows_word_), duration(left));
    if (mode_ == ProgressMode::bar) {
        if (line_.due()) line_.show(head, share, tail);
        return;
    }
    const auto tenths = static_cast<std::int64_t>(share * 10);
    if (tenths == tenths_told_) return;
    tenths_told_ = tenths;
    notice(head + "  " + tail);
}

void SweepProgressLine::show(const SweepProgress& p) {
    if (mode_ == ProgressMode::none) return;
    const double left = p.share > 0 ? p.seconds * (1 - p.share) / p.share : 0;
    std::string head = fmt::format("cells {:>{}}/{}", p.done, fmt::formatted_size("{}", p.cells), p.cells);
    if (p.kept > 0) head += fmt::format(" ({} kept)", p.kept);
    const std::string tail = fmt::format("{} left", duration(left));
    if (mode_ == ProgressMode::bar) {
        if (line_.due()) line_.show(head, p.share, tail);
        return;
    }
    const auto tenths = static_cast<std::int64_t>(p.share * 10);
    if (tenths == tenths_told_) return;
    tenths_told_ = tenths;
    notice(head + "  " + tail);
}

}  // namespace evenkeel::cli
