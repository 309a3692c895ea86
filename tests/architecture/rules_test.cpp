// The checker checked: each rule finds a made-up violation, and lets a made-up good file pass.
#include "architecture/rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evenkeel::architecture {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

SourceFile with_include(const char* path, const std::string& include) {
    return parse(path, "#pragma once\n#include " + include + "\n");
}

TEST(Arrows, UpIsFound) {
    EXPECT_THAT(check_arrows(with_include("src/kernels/gemm.cpp", "\"plan/plan.hpp\"")),
                ElementsAre(HasSubstr("src/kernels/gemm.cpp:2: kernels (floor 2) includes \"plan/plan.hpp\"")));
    EXPECT_THAT(check_arrows(with_include("include/evenkeel/model/loss.hpp", "\"evenkeel/train/history.hpp\"")),
                ElementsAre(HasSubstr("an arrow up")));
    EXPECT_THAT(check_arrows(with_include("src/core/error.cpp", "\"evenkeel/evenkeel.hpp\"")),
                ElementsAre(HasSubstr("names no room")));
}

TEST(Arrows, SidewaysIsFound) {
    EXPECT_THAT(check_arrows(with_include("src/model/layers.cpp", "\"data/npy.hpp\"")),
                ElementsAre(HasSubstr("sideways")));
    EXPECT_THAT(check_arrows(with_include("src/interop/keras.cpp", "\"plan/plan.hpp\"")),
                ElementsAre(HasSubstr("sideways")));
}

TEST(Arrows, WhatHasNoFloorIsFound) {
    EXPECT_THAT(check_arrows(with_include("src/shed/tool.cpp", "\"core/files.hpp\"")),
                ElementsAre(HasSubstr("no room that has a floor")));
    EXPECT_THAT(check_arrows(with_include("src/plan/plan.cpp", "\"shed/tool.hpp\"")),
                ElementsAre(HasSubstr("without a floor")));
    EXPECT_THAT(check_arrows(with_include("src/plan/plan.cpp", "\"node.hpp\"")),
                ElementsAre(HasSubstr("names no room")));
}

TEST(Arrows, DownAndInsidePass) {
    EXPECT_THAT(check_arrows(with_include("src/kernels/gemm.cpp", "\"core/threads.hpp\"")), IsEmpty());
    EXPECT_THAT(check_arrows(with_include("src/kernels/gemm.cpp", "\"kernels/gemm.hpp\"")), IsEmpty());
    EXPECT_THAT(check_arrows(with_include("src/interop/keras.cpp", "\"evenkeel/model/layers.hpp\"")), IsEmpty());
    EXPECT_THAT(check_arrows(with_include("apps/evenkeel/main.cpp", "\"options.hpp\"")), IsEmpty());
    EXPECT_THAT(check_arrows(with_include("include/evenkeel/evenkeel.hpp", "\"evenkeel/train/sequential.hpp\"")),
                IsEmpty());
    EXPECT_THAT(check_arrows(with_include("src/core/error.cpp", "<string>")), IsEmpty());
}

TEST(Arrows, ACommentedIncludeIsNone) {
    EXPECT_THAT(check_arrows(parse("src/core/a.cpp", "// #include \"plan/plan.hpp\"\n/*\n#include \"plan/b.hpp\"\n*/")),
                IsEmpty());
}

TEST(PublicHeader, WhatIsNotInstalledIsFound) {
    EXPECT_FALSE(check_public_header(with_include("include/evenkeel/train/a.hpp", "\"train/internal.hpp\"")).empty());
    EXPECT_FALSE(check_public_header(with_include("include/evenkeel/train/a.hpp", "<fmt/format.h>")).empty());
    EXPECT_FALSE(check_public_header(with_include("include/evenkeel/train/a.hpp", "<dnnl.h>")).empty());
    EXPECT_TRUE(check_public_header(with_include("include/evenkeel/train/a.hpp", "<span>")).empty());
    EXPECT_TRUE(check_public_header(with_include("src/train/a.hpp", "<fmt/format.h>")).empty());
}

TEST(Borrowed, StraysAreFound) {
    EXPECT_FALSE(check_borrowed(with_include("src/plan/dense_node.cpp", "<dnnl.h>")).empty());
    EXPECT_FALSE(check_borrowed(with_include("src/plan/plan.cpp", "<nlohmann/json.hpp>")).empty());
    EXPECT_FALSE(check_borrowed(with_include("src/interop/hdf5_reader.cpp", "<hdf5.h>")).empty());
    EXPECT_FALSE(check_borrowed(with_include("src/study/a.cpp", "<CLI/CLI.hpp>")).empty());
    EXPECT_TRUE(check_borrowed(with_include("src/kernels/gemm.cpp", "<dnnl.h>")).empty());
    EXPECT_TRUE(check_borrowed(with_include("apps/evenkeel/train.cpp", "<CLI/CLI.hpp>")).empty());
}

TEST(Silence, PrintingAndExitingAreFound) {
    for (const char* line : {"std::cout << 1;", "std::cerr << 1;", "printf(\"x\");", "std::fprintf(stderr, x);",
                             "puts(x);", "fmt::print(\"x\");", "std::exit(1);", "exit(1);", "abort();", "\nabort();",
                             "std::abort ();", "std::terminate();"}) {
        EXPECT_EQ(check_silence(parse("src/core/a.cpp", std::string("void f() {\n") + line + "\n}\n")).size(), 1U)
            << line;
        EXPECT_TRUE(check_silence(parse("apps/evenkeel/a.cpp", std::string(line))).empty()) << line;
    }
    EXPECT_THAT(check_silence(parse("src/core/a.cpp", "int a;\n\nvoid f() { abort(); }\n")),
                ElementsAre(HasSubstr("src/core/a.cpp:3:")));
}

TEST(Silence, WhatOnlyLooksLikeItPasses) {
    for (const char* line : {"// std::cout", "/* abort() */", "auto s = \"std::cout abort()\";",
                             "snprintf(b, 9, \"x\");", "on_exit_code(1);", "auto r = R\"(printf(\"hello\"))\";",
                             "_exit(127);", "guard.exit();", "const int n = 1'000'000; // exit(1)"}) {
        EXPECT_THAT(check_silence(parse("src/core/a.cpp", std::string(line))), IsEmpty()) << line;
    }
}

TEST(Form, LongFilesAndUnguardedHeadersAreFound) {
    std::string text;
    for (int i = 0; i < 400; ++i) text += "int a;\n";
    EXPECT_THAT(check_form(parse("src/core/a.cpp", text)), IsEmpty());
    EXPECT_EQ(check_form(parse("src/core/a.cpp", text + "int a;\n")).size(), 1U);
    EXPECT_EQ(check_form(parse("src/core/a.hpp", "int a;\n")).size(), 1U);
    EXPECT_EQ(check_form(parse("src/core/a.hpp", "// #pragma once\n")).size(), 1U);
    EXPECT_THAT(check_form(parse("src/core/a.hpp", "#pragma once\n")), IsEmpty());
}

}  // namespace
}  // namespace evenkeel::architecture
