#pragma once

// To be included before Highway: kernels of the file are compiled for AVX3_DL as well, whose VBMI2 squeezes bytes. Others would
// gain nothing by it, and run as for AVX3 there.

#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS HWY_SSSE3
#define HWY_WANT_AVX3_DL
