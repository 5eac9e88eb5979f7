#!/usr/bin/env bash
# Tests and measures training on a machine with a GPU, in one run of a few minutes: the tests of devices, then `bench train` on random
# models of 0.44, 1 and 8 billion weights in Q4_K with rows of 2048 tokens, on the backends that are there.
# Needs nothing but what it is given: a folder made by pack.sh. Usage: on-a-gpu.sh [FOLDER] [BACKEND...]
# The CUDA libraries of a Python environment are found if they are installed there.
set -uo pipefail
folder="$(cd "${1:-$(dirname "$0")}" && pwd)"
shift || true
backends=("$@")
[ ${#backends[@]} -gt 0 ] || backends=(cuda vulkan)
out="${OUT:-$folder/results}"
mkdir -p "$out"

export LORABRIDGE_NATIVE_DIR="$folder/native" LORABRIDGE_BACKEND_DIRS="$folder/native"
export CUDA_CACHE_PATH="$out/cuda-cache" CUDA_CACHE_MAXSIZE=1073741824
for library in $(python3 -c 'import site; print(*site.getsitepackages())' 2> /dev/null); do
  for found in "$library"/nvidia/*/lib; do
    [ -d "$found" ] && LD_LIBRARY_PATH="$found:${LD_LIBRARY_PATH:-}"
  done
done
export LD_LIBRARY_PATH
tool="$folder/cli/LoraBridge.Cli"

nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv > "$out/gpu.csv" 2>&1
"$tool" backends --json > "$out/backends.json" 2> "$out/backends.log"
for backend in "${backends[@]}"; do
  if ! grep -q "\"name\":\"$backend\",\"available\":true" "$out/backends.json"; then
    echo "$backend: not available, see $out/backends.json"
    continue
  fi
  if [ -x "$folder/tests/LoraBridge.Device.Tests" ]; then
    LORABRIDGE_TEST_DEVICE="$backend" timeout 240 "$folder/tests/LoraBridge.Device.Tests" > "$out/tests-$backend.txt" 2>&1
    echo "$backend: tests ended with $?: $(grep -E '^ +(total|failed|succeeded)' "$out/tests-$backend.txt" | tr -s ' \n' ' ')"
  fi
  for shape in 0.5b 1b 8b; do
    timeout 150 "$tool" bench train --backend "$backend" --shape "$shape" --type q4_k --ctx 2048 --rank 16 --steps 3 --json \
      > "$out/bench-$backend-$shape.json" 2> "$out/bench-$backend-$shape.log" || true
    nvidia-smi --query-gpu=memory.used --format=csv,noheader >> "$out/memory-$backend-$shape.txt" 2> /dev/null || true
    echo "$backend $shape: $(grep -o '"tokensPerSecond":[0-9.]*' "$out/bench-$backend-$shape.json" || tail -n 1 "$out/bench-$backend-$shape.log")"
  done
done
