#include "kernels/gemm.hpp"

#include <dnnl.h>
#include <omp.h>

#include <string>
#include <tuple>

#include "core/signals.hpp"
#include "core/threads.hpp"
#include "evenkeel/core/error.hpp"

namespace evenkeel::kernels {

void gemm(Transpose transpose_a, Transpose transpose_b, std::int64_t m, std::int64_t n, std::int64_t k, float alpha,
          const float* a, std::int64_t lda, const float* b, std::int64_t ldb, float beta, float* c, std::int64_t ldc) {
    if (omp_get_max_threads() != 1) fail_work("gemm", "one OpenMP thread (run inside a ThreadPool)", "more");
    const SignalsDeferred quiet;
    const dnnl_status_t status =
        dnnl_sgemm(transpose_a == Transpose::yes ? 'T' : 'N', transpose_b == Transpose::yes ? 'T' : 'N', m, n, k, alpha,
                   a, lda, b, ldb, beta, c, ldc);
    if (status != dnnl_success)
        fail_work("gemm", "oneDNN's success", "status " + std::to_string(static_cast<int>(status)));
}

void prepare_gemm() {
    const SingleThreadedOpenMP alone;
    const SignalsDeferred quiet;
    const float one = 1;
    float product = 0;
    // A failure is the first real product's to report: from here it could only end the process.
    std::ignore = dnnl_sgemm('N', 'N', 1, 1, 1, 1.0F, &one, 1, &one, 1, 0.0F, &product, 1);
}

}  // namespace evenkeel::kernels
