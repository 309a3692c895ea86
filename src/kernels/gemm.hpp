#pragma once

#include <cstdint>

namespace evenkeel::kernels {

enum class Transpose { no, yes };

/// C = alpha·op(A)·op(B) + beta·C, row-major: op(A) [m, k], op(B) [k, n], C [m, n]; lda, ldb, ldc are the lengths
/// of stored rows. One thread (oneDNN's dnnl_sgemm); the caller's OpenMP must be set to one thread
/// (core/threads.hpp), which is asserted, because a team would change the bits.
void gemm(Transpose transpose_a, Transpose transpose_b, std::int64_t m, std::int64_t n, std::int64_t k, float alpha,
          const float* a, std::int64_t lda, const float* b, std::int64_t ldb, float beta, float* c, std::int64_t ldc);

/// oneDNN generates its machine code before the first product of a process, which takes some 30 ms. To be called in a thread
/// beside other work, such as reading the data.
void prepare_gemm();

}  // namespace evenkeel::kernels
