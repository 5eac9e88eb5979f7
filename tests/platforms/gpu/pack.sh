#!/usr/bin/env bash
# Puts together what on-a-gpu.sh takes to a machine with a GPU, as a folder and as archives beside it: the tool, the tests of devices, the .NET runtime
# that both share, and the libraries of llama.cpp v0.5.0 with CUDA and Vulkan; tiny models are an archive of their own, to be unpacked in the same place.
# Needs npm. Usage: pack.sh FOLDER [REPOSITORY]
#   CUDA_LIBRARY   A libggml-cuda.so to take instead of npm's; "none" leaves CUDA out.
#   CUDA_ARCH      A compute capability, such as 90 for an H100: of npm's library only what ptxas makes code for that of is taken, 14 MB instead of 159,
#                  and on-a-gpu.sh assembles it, with a driver of CUDA 13.0, too.
#   ZOO            A folder of tiny GGUF models that the tests use; those tests are skipped without it.
set -euo pipefail
folder="${1:?Usage: pack.sh FOLDER [REPOSITORY]}"
scripts="$(cd "$(dirname "$0")" && pwd)"
repository="$(cd "${2:-$scripts/../../..}" && pwd)"
rm -rf "$folder"
mkdir -p "$folder/native"
folder="$(cd "$folder" && pwd)"
cd "$repository"
dotnet publish tests/LoraBridge.Device.Tests -c Release -r linux-x64 --self-contained -o "$folder/app" -v quiet
dotnet publish src/LoraBridge.Cli -c Release -r linux-x64 --self-contained -o "$folder/app" -v quiet
rm -rf "$folder"/app/*.pdb "$folder"/app/*.xml "$folder"/app/runtimes
packages=@node-llama-cpp
(cd native && npm ci --loglevel=error)
cp native/node_modules/$packages/linux-x64/bins/linux-x64/lib*.so "$folder/native/"
rm "$folder/native/libllama-common.so"
(cd native/vulkan && npm ci --loglevel=error)
cp native/vulkan/node_modules/$packages/linux-x64-vulkan/bins/linux-x64-vulkan/libggml-vulkan.so "$folder/native/"
case "${CUDA_LIBRARY:-npm}" in
  none) echo "CUDA is left out" ;;
  npm)
    (cd native/cuda && npm ci --loglevel=error)
    library=native/cuda/node_modules/$packages/linux-x64-cuda/bins/linux-x64-cuda/libggml-cuda.so
    if [ -n "${CUDA_ARCH:-}" ]; then
      python3 "$scripts/cuda-code.py" take "$library" "$CUDA_ARCH" "$folder/cuda-$CUDA_ARCH"
    else
      cp "$library" "$folder/native/"
    fi
    ;;
  *) cp "$CUDA_LIBRARY" "$folder/native/libggml-cuda.so" ;;
esac
# The tests find models that are in the repository from its root.
mkdir -p "$folder/examples/models"
cp examples/models/*.gguf "$folder/examples/models/"
cp LoraBridge.sln "$folder/"
cp "$scripts/on-a-gpu.sh" "$scripts/cuda-code.py" "$scripts/peft-bench.py" "$folder/"
# PTX repeats itself over many megabytes.
tar -C "$(dirname "$folder")" --sort=name -c "$(basename "$folder")" | xz --lzma2=preset=6,dict=256MiB > "$folder.tar.xz"
du -sh "$folder.tar.xz"
if [ -n "${ZOO:-}" ]; then
  mkdir "$folder/zoo"
  for model in llama-dense qwen3-dense gemma3-dense phi3-dense gpt-oss-moe mamba2-dense qwen35-dense; do
    cp "$ZOO/$model.gguf" "$folder/zoo/"
  done
  tar -C "$(dirname "$folder")" -cJf "$folder-zoo.tar.xz" "$(basename "$folder")/zoo"
  du -sh "$folder-zoo.tar.xz"
fi
