#!/usr/bin/env python3
"""Makes the golden numbers: `make_golden.py keras` or `make_golden.py torch`, each in its own environment (README.md)."""

import os
import sys

# One thread, CPU, full float32 products: set before any framework is imported.
os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["JAX_DEFAULT_MATMUL_PRECISION"] = "highest"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"


def main():
    part = sys.argv[1] if len(sys.argv) == 2 else ""
    if part == "keras":
        import keras_archives
        import keras_network
        import keras_normalization
        import keras_optimizers
        import keras_units

        for module in (keras_normalization, keras_network, keras_units, keras_optimizers, keras_archives):
            module.make()
    elif part == "torch":
        import torch_cases

        torch_cases.make()
    else:
        sys.exit("usage: make_golden.py keras|torch")


if __name__ == "__main__":
    main()
