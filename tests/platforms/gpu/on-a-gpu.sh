#!/usr/bin/env bash
# Tests and measures training on a machine with a GPU, in one run: the tests of devices, then `bench train` on random models of 0.44, 1 and 8 billion
# weights in Q4_K with rows of 2048 tokens, on the backends that are there, and PyTorch with PEFT on the same shapes where Python has them.
# Needs nothing but what it is given: a folder made by pack.sh. Usage: on-a-gpu.sh [FOLDER] [BACKEND...]
# The CUDA libraries of a Python environment are found if they are installed there. What was packed for one compute capability is assembled by ptxas first.
#   SHAPES, TYPE, TOKENS, STEPS   What is measured; "0.5b 1b 8b", q4_k, 2048 and 3 unless given.
#   TEST_SECONDS, BENCH_SECONDS   What the tests of a backend, and each measurement, may take; 150 and 75 unless given.
#   PEFT                          "no" leaves PyTorch out: not twice, where each backend has a run of its own.
#   OUT                           Where results go; FOLDER/results unless given.
set -uo pipefail
folder="$(cd "${1:-$(dirname "$0")}" && pwd)"
shift || true
backends=("$@")
[ ${#backends[@]} -gt 0 ] || backends=(cuda vulkan)
shapes="${SHAPES:-0.5b 1b 8b}"
type="${TYPE:-q4_k}"
tokens="${TOKENS:-2048}"
steps="${STEPS:-3}"
test_seconds="${TEST_SECONDS:-150}"
bench_seconds="${BENCH_SECONDS:-75}"
out="${OUT:-$folder/results}"
mkdir -p "$out"

export LORABRIDGE_NATIVE_DIR="$folder/native" LORABRIDGE_BACKEND_DIRS="$folder/native"
[ -d "$folder/zoo" ] && export LORABRIDGE_ZOO="$folder/zoo"
# What the driver compiles is kept: that takes up to a minute.
export CUDA_CACHE_PATH="$out/cuda-cache" CUDA_CACHE_MAXSIZE=1073741824
for library in $(python3 -c 'import site; print(*site.getsitepackages())' 2> /dev/null); do
  for found in "$library"/nvidia/*/lib; do
    [ -d "$found" ] && LD_LIBRARY_PATH="$found:${LD_LIBRARY_PATH:-}"
  done
done
export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:-}"
for code in "$folder"/cuda-*; do
  if [ -d "$code" ] && [ ! -f "$folder/native/libggml-cuda.so" ]; then
    PATH="$PATH:/usr/local/cuda/bin"
    mkdir -p "$code/cubin"
    # The longest first, so that none is left at the end.
    (cd "$code/ptx" && ls -S ./*.ptx | xargs -P "$(nproc)" -I{} sh -c "ptxas -arch=sm_${code##*-} {} -o ../cubin/\$(basename {} .ptx).cubin") \
      > "$out/ptxas.log" 2>&1
    python3 "$folder/cuda-code.py" put "$code" "${code##*-}" "$folder/native/libggml-cuda.so" || tail -n 3 "$out/ptxas.log"
  fi
done
tool="$folder/app/LoraBridge.Cli"

# watch FILE: writes the most memory that the GPU's processes had, in MiB, until its process ends.
watch() {
  local most=0 used
  while sleep 0.5; do
    used="$(nvidia-smi --query-gpu=memory.used --format=csv,noheader,nounits 2> /dev/null | head -n 1)" || return
    [[ "$used" =~ ^[0-9]+$ ]] || return
    [ "$used" -gt "$most" ] && most="$used" && echo "$most" > "$1"
  done
}
# number FILE KEY: a number of a JSON object.
number() { grep -o "\"$2\":[0-9.eE+-]*" "$1" | head -n 1 | cut -d: -f2; }

if command -v nvidia-smi > /dev/null; then
  nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv | tee "$out/gpu.csv"
else
  echo "no nvidia-smi: the memory of the GPU is not measured"
fi
"$tool" backends --json > "$out/backends.json" 2> "$out/backends.log"
"$tool" backends
for backend in "${backends[@]}"; do
  if ! grep -q "\"name\":\"$backend\",\"available\":true" "$out/backends.json"; then
    echo "$backend: not available, see $out/backends.json"
    continue
  fi
  LORABRIDGE_TEST_DEVICE="$backend" timeout "$test_seconds" "$folder/app/LoraBridge.Device.Tests" > "$out/tests-$backend.txt" 2>&1
  echo "$backend: tests ended with $?: $(grep -E '^ +(total|failed|succeeded|skipped):' "$out/tests-$backend.txt" | tr -s ' \n' ' ')"
  for shape in $shapes; do
    result="$out/bench-$backend-$shape"
    watch "$result.mib" &
    watcher=$!
    timeout "$bench_seconds" "$tool" bench train --backend "$backend" --shape "$shape" --type "$type" --ctx "$tokens" --rank 16 --steps "$steps" --json \
      > "$result.json" 2> "$result.log"
    ended=$?
    kill "$watcher" 2> /dev/null
    wait "$watcher" 2> /dev/null
    if [ "$ended" -eq 0 ]; then
      echo "$backend $shape: $(number "$result.json" tokensPerSecond) tokens/s, most memory $(cat "$result.mib" 2> /dev/null || echo unknown) MiB," \
        "estimated beside the model $(number "$result.json" estimatedDeviceBytes) bytes, left to the CPU: $(grep -o '"fallbackNodes":\[[^]]*\]' "$result.json")"
    else
      echo "$backend $shape: ended with $ended: $(tail -n 1 "$result.log")"
    fi
  done
done
[ "${PEFT:-yes}" = no ] && exit 0
for shape in $shapes; do
  timeout "$bench_seconds" python3 "$folder/peft-bench.py" "$shape" --tokens "$tokens" --steps "$steps" 2> "$out/peft-$shape.log" | tee "$out/peft-$shape.json"
  [ "${PIPESTATUS[0]}" -eq 0 ] || echo "PyTorch $shape: $(tail -n 1 "$out/peft-$shape.log")"
done
