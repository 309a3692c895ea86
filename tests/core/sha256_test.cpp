#include "core/sha256.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace evenkeel {
namespace {

std::string hash(std::string_view text) {
    return sha256_hex(std::as_bytes(std::span(text)));
}

// The example vectors of NIST for FIPS 180-4, and the empty message of the CAVP short vectors.
TEST(Sha256, GivesTheVectorsOfNist) {
    EXPECT_EQ(hash(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(hash("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
                   "lmnopqrsmnopqrstnopqrstu"),
              "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
    EXPECT_EQ(hash(std::string(1000000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, DoesNotDependOnHowTheBytesArrive) {
    std::string text;
    for (int i = 0; i < 300; ++i) text += static_cast<char>(i * 7);
    for (std::size_t length = 0; length <= text.size(); ++length) {
        const std::string_view message = std::string_view(text).substr(0, length);
        Sha256 pieces;
        for (std::size_t at = 0; at < length;) {
            const std::string_view piece = message.substr(at, 1 + at % 70);
            pieces.update(std::as_bytes(std::span(piece)));
            at += piece.size();
        }
        EXPECT_EQ(pieces.hex(), hash(message)) << length << " bytes";
    }
}

}  // namespace
}  // namespace evenkeel
