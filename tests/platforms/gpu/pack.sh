#!/usr/bin/env bash
# Puts together what on-a-gpu.sh takes to a machine with a GPU: the tool, the tests of devices, and the libraries of llama.cpp v0.5.0 with CUDA and Vulkan.
# Needs npm. Usage: pack.sh FOLDER [REPOSITORY]
set -euo pipefail
folder="${1:?Usage: pack.sh FOLDER [REPOSITORY]}"
repository="$(cd "${2:-$(dirname "$0")/../../..}" && pwd)"
mkdir -p "$folder/native"
cd "$repository"
dotnet publish src/LoraBridge.Cli -c Release -r linux-x64 --self-contained -o "$folder/cli" -v quiet
dotnet publish tests/LoraBridge.Device.Tests -c Release -r linux-x64 --self-contained -o "$folder/tests" -v quiet
(cd native && npm ci --loglevel=error)
(cd native/vulkan && npm ci --loglevel=error)
(cd native/cuda && npm ci --loglevel=error)
packages=@node-llama-cpp
cp native/node_modules/$packages/linux-x64/bins/linux-x64/lib*.so "$folder/native/"
cp native/vulkan/node_modules/$packages/linux-x64-vulkan/bins/linux-x64-vulkan/libggml-vulkan.so "$folder/native/"
cp native/cuda/node_modules/$packages/linux-x64-cuda/bins/linux-x64-cuda/libggml-cuda.so "$folder/native/"
cp "$(dirname "$0")/on-a-gpu.sh" "$folder/" 2> /dev/null || cp tests/platforms/gpu/on-a-gpu.sh "$folder/"
