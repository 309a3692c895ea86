#include "data/npz.hpp"

#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <memory>

#include "data/assemble.hpp"
#include "data/byte_source.hpp"
#include "data/npy.hpp"
#include "evenkeel/core/error.hpp"

namespace evenkeel {
namespace {

struct Archive {
    std::string name;
    std::uint64_t file_bytes = 0;
    std::unique_ptr<zip_t, decltype(&zip_discard)> zip{nullptr, zip_discard};
};

Archive open_archive(const std::filesystem::path& path) {
    Archive archive;
    archive.name = path.string();
    archive.file_bytes = open_bytes(path, Inflate::never)->most_bytes_left();  // refuses what is not a regular file
    int code = 0;
    archive.zip.reset(zip_open(path.c_str(), ZIP_RDONLY, &code));
    if (!archive.zip) {
        zip_error_t error;
        zip_error_init_with_code(&error, code);
        const std::string why = zip_error_strerror(&error);
        zip_error_fini(&error);
        fail_input(archive.name, "a ZIP archive, as numpy.savez writes it", why);
    }
    return archive;
}

class ZipEntry final : public ByteSource {
  public:
    ZipEntry(const Archive& archive, zip_uint64_t index, const std::string& entry)
        : ByteSource(archive.name + ": " + entry) {
        zip_stat_t status;
        zip_stat_init(&status);
        constexpr zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
        if (zip_stat_index(archive.zip.get(), index, 0, &status) != 0 || (status.valid & needed) != needed) {
            fail_input(name(), "an entry with its sizes", "none");
        }
        if (status.comp_method != ZIP_CM_STORE && status.comp_method != ZIP_CM_DEFLATE) {
            fail_input(name(), "a stored or deflated entry", fmt::format("ZIP method {}", status.comp_method));
        }
        if (status.comp_size > archive.file_bytes) {
            fail_input(name(), fmt::format("at most the archive's {} bytes", archive.file_bytes),
                       fmt::format("an entry of {} bytes", status.comp_size));
        }
        stored_ = status.comp_method == ZIP_CM_STORE;
        most_left_ = std::min<std::uint64_t>(status.size, status.comp_size * (stored_ ? 1 : most_expansion));
        file_.reset(zip_fopen_index(archive.zip.get(), index, 0));
        if (!file_) fail_input(name(), "a readable entry", zip_strerror(archive.zip.get()));
    }

    std::size_t read(std::span<std::uint8_t> out) override {
        std::size_t done = 0;
        while (done < out.size()) {
            const zip_int64_t got = zip_fread(file_.get(), out.data() + done, out.size() - done);
            if (got < 0) fail_input(name(), "a whole entry", zip_file_strerror(file_.get()));
            if (got == 0) break;
            done += static_cast<std::size_t>(got);
        }
        most_left_ -= std::min<std::uint64_t>(most_left_, done);
        return done;
    }
    std::uint64_t most_bytes_left() const override { return most_left_; }
    bool knows_length() const override { return stored_; }

  private:
    std::uint64_t most_left_ = 0;
    bool stored_ = false;
    std::unique_ptr<zip_file_t, decltype(&zip_fclose)> file_{nullptr, zip_fclose};
};

Array read_entry(const Archive& archive, std::initializer_list<const char*> names) {
    for (const char* name : names) {
        const std::string entry = std::string(name) + ".npy";
        const zip_int64_t index = zip_name_locate(archive.zip.get(), entry.c_str(), 0);
        if (index < 0) continue;
        ZipEntry source(archive, static_cast<zip_uint64_t>(index), entry);
        return read_npy(source);
    }
    std::string found;
    const zip_int64_t count = std::min<zip_int64_t>(zip_get_num_entries(archive.zip.get(), 0), 8);
    for (zip_int64_t i = 0; i < count; ++i) {
        const char* entry = zip_get_name(archive.zip.get(), static_cast<zip_uint64_t>(i), 0);
        if (entry != nullptr) found += (found.empty() ? "" : ", ") + std::string(entry).substr(0, 40);
    }
    std::erase_if(found, [](char c) { return static_cast<unsigned char>(c) < ' '; });
    fail_input(archive.name,
               fmt::format("the arrays x_train, y_train, x_test and y_test (or train_images, train_labels, "
                           "test_images, test_labels)"),
               fmt::format("no {} among: {}", *names.begin(), found.empty() ? "nothing" : found));
}

Examples read_half(const Archive& archive, std::initializer_list<const char*> x_names,
                   std::initializer_list<const char*> y_names) {
    Array x = read_entry(archive, x_names), y = read_entry(archive, y_names);
    const bool one_a_row = y.shape.size() == 1 || (y.shape.size() == 2 && y.shape[1] == 1);
    const TargetKind kind = one_a_row && !is_float(y.type) ? TargetKind::labels : TargetKind::targets;
    return assemble(std::move(x), std::move(y), kind);
}

}  // namespace

Dataset read_npz(const std::filesystem::path& path, std::int64_t classes) {
    const Archive archive = open_archive(path);
    Dataset data;
    data.name = archive.name;
    data.train = read_half(archive, {"x_train", "train_images"}, {"y_train", "train_labels"});
    data.test = read_half(archive, {"x_test", "test_images"}, {"y_test", "test_labels"});
    settle(data, classes);
    return data;
}

}  // namespace evenkeel
