#!/usr/bin/env bash
# Publishes the tool and tests for Windows x64 and runs them under Wine: paths, files, console and kernels of win-x64 on a Linux machine.
# Installs what is missing: Debian's wine64 and wine. WINDOWS_NATIVES names another build of llama.cpp.
# Usage: windows-under-wine.sh [REPOSITORY]
set -uo pipefail
repository="$(cd "${1:-$(dirname "$0")/../..}" && pwd)"
work="${WORK:-${TMPDIR:-/tmp}/lorabridge-wine}" # not in the checkout: a Wine prefix has the whole disk as drive Z
mkdir -p "$work"
. "$(dirname "$0")/checks.sh"
[ -x /usr/lib/wine/wine64 ] || { apt-get update -qq && apt-get install -qq -y --no-install-recommends wine64 wine; } || exit 1
wine=/usr/lib/wine/wine64 # not `wine`: it asks for the 32-bit half

publish src/LoraBridge.Cli cli win-x64
result $? 'publish the tool' "$work/cli.log"
publish tests/LoraBridge.Formats.Tests formats win-x64
result $? 'publish the tests of formats' "$work/formats.log"
publish tests/LoraBridge.Training.Tests training win-x64
result $? 'publish the tests of training' "$work/training.log"

files 60
training=(-m m.gguf -d d.jsonl --max-steps 4 --ctx 128 --rank 4)
reference "${training[@]}"

export WINEPREFIX="$work/prefix" WINEARCH=win64 WINEDEBUG=-all
unset DISPLAY
[ -e "$WINEPREFIX/complete" ] || rm -rf "$WINEPREFIX"
mkdir -p "$WINEPREFIX"
# One server for all that follows: where one ends after each program, the next program's connection is reset now and then.
/usr/lib/wine/wineserver64 -p
trap '/usr/lib/wine/wineserver64 -k' EXIT
if [ ! -e "$WINEPREFIX/complete" ]; then
  WINEDLLOVERRIDES='mscoree=;mshtml=' "$wine" wineboot -i > /dev/null 2>&1 # no offers to install Mono and Gecko
  "$wine" reg add 'HKCU\Software\Wine' /v Version /d win10 /f > /dev/null
  "$wine" reg add 'HKLM\Software\Microsoft\Windows NT\CurrentVersion\AeDebug' /v Debugger /d false /f > /dev/null
  : > "$WINEPREFIX/complete"
fi
mkdir -p "$WINEPREFIX/dosdevices/unc/localhost"
ln -sfn "$work/files" "$WINEPREFIX/dosdevices/unc/localhost/share" # \\localhost\share
export WINEDLLOVERRIDES='mshtml=;winemenubuilder.exe=' # mscoree must stay: without it images without native code do not load
export DOTNET_EnableWriteXorExecute=0                  # with it the runtime dies under Wine 8 (0x80131506)
windows() { "$wine" winepath -w "$1" | tr -d '\r'; }
[ -z "${WINDOWS_NATIVES:-}" ] || export LORABRIDGE_NATIVE_DIR="$(windows "$WINDOWS_NATIVES")"

run=("$wine" "$work/cli/LoraBridge.Cli.exe")
drive="Z:$(pwd | tr / '\\')"
ask=(-p 'Who are you?' -n 12 --temp 0)
progress=(--progress plain)

tool backends '^ *cpu +yes' backends
tool inspect '^architecture +llama' inspect m.gguf
tool generate 'likes best is brown' generate -m m.gguf "${ask[@]}"
tool 'drive letter' 'likes best is brown' generate -m "$drive\\m.gguf" "${ask[@]}"
tool 'forward slashes' 'likes best is brown' generate -m "Z:$(pwd)/m.gguf" "${ask[@]}"
tool 'long form' 'likes best is brown' generate -m "\\\\?\\$drive\\m.gguf" "${ask[@]}"
tool 'network path' 'likes best is brown' generate -m '\\localhost\share\m.gguf' "${ask[@]}"
tool train '"status":"completed"' train "${training[@]}" -o a.gguf --json --progress none
same_losses balanced out.txt 5e-4
reference "${training[@]}" --precision exact
tool 'train exactly' '"status":"completed"' train "${training[@]}" --precision exact -o exact.gguf --json --progress none
same_losses exact out.txt
tool 'train with checkpoints and a plot' '^status +completed' train "${training[@]}" -o b.gguf "${progress[@]}" --checkpoint-dir ck --checkpoint-every 2 --plot p.png --log csv:log.csv
check 'the log has a row for each update' '^4,' cat log.csv
tool resume '^status +completed' train "${training[@]}" -o c.gguf "${progress[@]}" --checkpoint-dir ck --checkpoint-every 2 --resume "$drive\\ck"
tool 'write to a long form' '^status +completed' train "${training[@]}" -o "\\\\?\\$drive\\e.gguf" "${progress[@]}"
tool 'write to a network path' '^status +completed' train "${training[@]}" -o '\\localhost\share\u.gguf' "${progress[@]}"
tool 'merge to a network path' '^merged +28' merge -m m.gguf -a u.gguf -o '\\localhost\share\n.gguf' --type q4_k_m
tool 'scale behind a drive letter' 'likes best is brown' generate -m m.gguf -a "$drive\\a.gguf:0.5" "${ask[@]}"
tool merge '^merged +28' merge -m m.gguf -a a.gguf -o g.gguf
tool 'merge refuses to replace' 'exists already' merge -m m.gguf -a a.gguf -o g.gguf
tool 'merge replaces' '^merged +28' merge -m m.gguf -a a.gguf -o g.gguf --force
tool 'the base in another case' 'is read by the merge' merge -m m.gguf -a a.gguf -o M.GGUF --force
tool 'a folder of the base in another case' 'is the model itself' train "${training[@]}" -o "$(echo "$drive" | tr '[:lower:]' '[:upper:]')\\m.gguf" "${progress[@]}"
tool 'quantise again' 'is quantised already' quantize -m m.gguf -o "$drive\\f.gguf" --type q4_0
tool gradcheck '^largest relative error +[0-9.]+e-(0[4-9]|[1-9])' gradcheck -m m.gguf --ctx 8 --rank 1 --targets attn_v
grep 'largest relative error' out.txt
printf 'Gr\303\274\303\237e\n/save s.jsonl\n/exit\n' > in.txt
INPUT=in.txt tool chat '.' chat -m m.gguf -n 8 --temp 0
check 'piped UTF-8 arrives' 'Grüße' cat s.jsonl
if command -v script > /dev/null; then
  # Ctrl-C is pressed when the first update shows, and the terminal stays open until the tool has ended.
  mkfifo keys typed 2> /dev/null
  (
    exec 3> keys
    while IFS= read -r line; do
      printf '%s\n' "$line"
      case $line in *'step 1/'*) printf '\003' >&3 ;; esac
    done < typed > typed.txt
  ) &
  timeout 120 script -qefc "$wine $work/cli/LoraBridge.Cli.exe train -m m.gguf -d d.jsonl -o i.gguf --max-steps 30000 --ctx 128 --rank 4 --progress plain" typed < keys > /dev/null 2>&1
  wait $!
  check 'Ctrl-C ends a training and keeps what was learnt' 'status +stopped' cat typed.txt
fi

# tests WHAT PROGRAM OPTIONS...: each test counts. A failed or skipped one makes the run hang under Wine 8 (not on Windows), hence the time limit.
tests() {
  local what=$1 status=0 n
  shift
  timeout "${LIMIT:-150}" "$wine" "$@" --progress off --no-ansi > "$work/$what.out" 2>&1 < /dev/null || status=$?
  n=$(tr -d '\r' < "$work/$what.out" | sed -n 's/^ *succeeded: //p')
  passed=$((passed + ${n:-0}))
  [ "$status" -eq 0 ] && [ "${n:-0}" -gt 0 ] && return
  failed=$((failed + 1))
  echo "failed: $what ($status)"
  grep -aE '^failed|Fatal|Illegal' -A 4 "$work/$what.out" | head -n 20
}
cd "$work"
# Wine 8 does not know the wildcards DOS_DOT and DOS_STAR, which .NET makes of ".*.tmp"; the zoo's files are not there.
tests formats-tests formats/LoraBridge.Formats.Tests.exe --filter-not-method '*A_file_that_something_else_wrote_gets_its_name' '*Litter_of_a_killed_writer*' '*Files_of_llama_cpp_are_written_back*'
for namespace in Batching Kernels; do
  tests "$namespace" training/LoraBridge.Training.Tests.exe --filter-namespace "LoraBridge.Training.Tests.$namespace"
done
finish
