#!/usr/bin/env bash
# Compiles the tool, Quickstart and the IChatClient of example 06 ahead of time, and the tool as one (trimmed) file, without a warning, and runs them.
# Installs what is missing: Debian's gcc, libc6-dev, zlib1g-dev. Usage: aot.sh [REPOSITORY]
set -uo pipefail
repository="$(cd "${1:-$(dirname "$0")/../..}" && pwd)"
work="${WORK:-$repository/artifacts/aot}"
mkdir -p "$work"
. "$(dirname "$0")/checks.sh"
command -v gcc > /dev/null && [ -e /usr/include/zlib.h ] || { apt-get update -qq && apt-get install -qq -y --no-install-recommends gcc libc6-dev zlib1g-dev; } || exit 1

# quiet STATUS FOLDER: publishing worked, and neither the trimmer nor the compiler nor the SDK had anything to warn of.
quiet() {
  [ "$1" -eq 0 ] && ! grep -qE 'warning (IL|NETSDK)' "$work/$2.log"
  result $? "publish $2" "$work/$2.log"
}
runtime="linux-$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')"
aot=(-warnaserror -p:PublishAot=true -p:CppCompilerAndLinker=gcc) # clang is the default
publish src/LoraBridge.Cli cli "$runtime" "${aot[@]}"
quiet $? cli
publish examples/Quickstart quickstart "$runtime" "${aot[@]}"
quiet $? quickstart
publish examples/06-ChatClient chatclient "$runtime" "${aot[@]}"
quiet $? chatclient
publish src/LoraBridge.Cli single "$runtime" -warnaserror -p:PublishSingleFile=true
quiet $? single
publish src/LoraBridge.Cli trimmed "$runtime" -warnaserror -p:PublishSingleFile=true -p:PublishTrimmed=true
quiet $? trimmed

files 60
training=(-m m.gguf -d d.jsonl --max-steps 8 --ctx 128 --rank 4)
reference "${training[@]}"
for kind in cli single trimmed; do
  run=("$work/$kind/LoraBridge.Cli")
  tool "$kind: backends" '^ *cpu +yes' backends
  tool "$kind: generate" 'likes best is brown' generate -m m.gguf -p 'Who are you?' -n 12 --temp 0
  tool "$kind: train" '"status":"completed"' train "${training[@]}" -o a.gguf --json --progress none --plot p.png --checkpoint-dir "checkpoints-$kind"
  same_losses "$kind" out.txt
  # Without vector instructions a program computes the same, a hundred times slower.
  faster=$(number tokensPerSecond out.txt)
  usual=$(number tokensPerSecond "$work/reference.json")
  echo "$kind: $faster tokens/s, reference $usual, $(stat -c %s "$work/$kind/LoraBridge.Cli") bytes"
  awk -v a="$faster" -v b="$usual" 'BEGIN { exit !(a > b / 10) }'
  result $? "$kind: not ten times slower" out.txt
  tool "$kind: merge" '^verdict' merge -m m.gguf -a a.gguf -o "g-$kind.gguf" --verify
  printf 'Gr\303\274\303\237e\n/save s-%s.jsonl\n/exit\n' "$kind" > in.txt
  INPUT=in.txt tool "$kind: chat" '.' chat -m m.gguf -n 8 --temp 0
  check "$kind: a chat is saved" 'Grüße' cat "s-$kind.jsonl"
  tool "$kind: json" '"kind":"adapter"' inspect a.gguf --json
done
check chatclient '^special: .' "$work/chatclient/LoraBridge.Examples.ChatClient"
check quickstart '.' "$work/quickstart/LoraBridge.Examples.Quickstart" m.gguf a.gguf q.gguf
[ -s q.gguf ]
result $? 'quickstart: merged' out.txt
finish
