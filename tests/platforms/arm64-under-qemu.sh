#!/usr/bin/env bash
# Publishes the tool and the tests of kernels for ARM64 and runs them under qemu-user: the same answers and losses as on linux-x64.
# Installs what is missing: Debian's qemu-user-static; the libraries of an ARM64 system go to a folder of their own.
# ARM64_NATIVES names another build of llama.cpp. Usage: arm64-under-qemu.sh [REPOSITORY]
set -uo pipefail
repository="$(cd "${1:-$(dirname "$0")/../..}" && pwd)"
work="${WORK:-$repository/artifacts/arm64}"
mkdir -p "$work"
. "$(dirname "$0")/checks.sh"
command -v qemu-aarch64-static > /dev/null || { apt-get update -qq && apt-get install -qq -y --no-install-recommends qemu-user-static; } || exit 1

# ARM64 packages by lists of their own: those of this system stay as they are. llama.cpp's libraries want glibc 2.38: Debian 13 has it.
root="$work/sysroot"
if [ ! -e "$root/complete" ]; then
  rm -rf "$work/apt" "$work/debs" "$root"
  mkdir -p "$work/apt/state/lists/partial" "$work/apt/cache/archives/partial" "$work/apt/sources" "$work/debs" "$root"
  for list in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
    [ ! -f "$list" ] || sed 's/\<bookworm\>/trixie/g' "$list" > "$work/apt/sources/${list##*/}"
  done
  : > "$work/apt/state/status"
  cat > "$work/apt.conf" << END
Dir::State "$work/apt/state";
Dir::State::status "$work/apt/state/status";
Dir::Cache "$work/apt/cache";
Dir::Etc::sourcelist "-";
Dir::Etc::sourceparts "$work/apt/sources";
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Sandbox::User "root";
END
  (
    export APT_CONFIG="$work/apt.conf"
    apt-get update -qq && cd "$work/debs" && apt-get download -qq libc6 libgcc-s1 libstdc++6 libgomp1 zlib1g libssl3t64 libzstd1
  ) || exit 1
  mkdir -p "$root/usr/lib"
  ln -s usr/lib "$root/lib" # as Debian has it
  for package in "$work"/debs/*.deb; do dpkg-deb -x "$package" "$root" || exit 1; done
  : > "$root/complete"
fi
export QEMU_LD_PREFIX="$root"
export QEMU_CPU="${QEMU_CPU:-neoverse-n1}" # vectors of 128 bits, dot products, F16; 'max' has vectors of 512 bits, where llama.cpp's products of Q4_K and Q6_K are wrong
export DOTNET_EnableWriteXorExecute=0      # qemu before 8.1 does not see code that is written through a second mapping

publish src/LoraBridge.Cli cli linux-arm64
result $? 'publish the tool' "$work/cli.log"
publish tests/LoraBridge.Training.Tests tests linux-arm64
result $? 'publish the tests' "$work/tests.log"

files 6
training=(-m m.gguf -d d.jsonl --max-steps 1 --ctx 64 --rank 2 --targets attention)
run=(qemu-aarch64-static "$work/cli/LoraBridge.Cli")

[ -z "${ARM64_NATIVES:-}" ] || export LORABRIDGE_NATIVE_DIR="$ARM64_NATIVES" # not earlier: building reads it, too
tool backends '^ *cpu +yes' backends
tool generate 'likes best is brown' generate -m m.gguf -p 'Who are you?' -n 12 --temp 0
reference "${training[@]}" --precision exact
tool 'train exactly' '"status":"completed"' train "${training[@]}" --precision exact -o exact.gguf --json --progress none
same_losses exact out.txt
# Without dot products, what is balanced is exact.
QEMU_CPU=cortex-a72 tool 'train without dot products' '"status":"completed"' train "${training[@]}" -o plain.gguf --json --progress none
same_losses 'without dot products' out.txt
cmp -s exact.gguf plain.gguf
result $? 'without dot products: the same adapter'
reference "${training[@]}"
tool train '"status":"completed"' train "${training[@]}" -o a.gguf --json --progress none
same_losses balanced out.txt 5e-4
! cmp -s exact.gguf a.gguf
result $? 'dot products: an adapter of rounded products'
tool merge '^merged +16' merge -m m.gguf -a a.gguf -o g.gguf
printf 'Gr\303\274\303\237e\n/save s.jsonl\n/exit\n' > in.txt
INPUT=in.txt tool chat '.' chat -m g.gguf -n 4 --temp 0
check 'a chat is saved' 'Grüße' cat s.jsonl
LIMIT=300 tool gradcheck '^largest relative error +[0-9.]+e-(0[4-9]|[1-9])' gradcheck -m m.gguf --ctx 8 --rank 1 --targets attn_v
grep 'largest relative error' out.txt
LIMIT=600 check kernels '^ *failed: 0' qemu-aarch64-static "$work/tests/LoraBridge.Training.Tests" --progress off --no-ansi \
  --filter-namespace 'LoraBridge.Training.Tests.Kernels*' --filter-not-class '*ProductPlanTests' # plans of work know nothing of processors
cp out.txt kernels.txt
grep -aE '^ *(total|succeeded|skipped):' kernels.txt
check 'kernels: none is left out' '^ *skipped: 0' cat kernels.txt
finish
