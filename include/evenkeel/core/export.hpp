#pragma once

// Everything is compiled with hidden visibility; what carries this mark is the public API.
#define EVENKEEL_API __attribute__((visibility("default")))
