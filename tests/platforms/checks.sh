# What the scripts of this folder share. Sourced, after `repository`, `work` and `run` (the words that start a program of the platform) are set.
passed=0
failed=0

# result STATUS WHAT [FILE]: counts a check; of a failed one, the end of the file is shown.
result() {
  if [ "$1" -eq 0 ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "failed: $2"
    [ $# -lt 3 ] || tail -n 8 "$3" | cut -c1-300
  fi
}

# check WHAT PATTERN COMMAND...: the command's output has a line that matches. INPUT names a file that it reads.
check() {
  local what=$1 pattern=$2 status=0
  shift 2
  timeout "${LIMIT:-150}" "$@" > out.txt 2>&1 < "${INPUT:-/dev/null}" || status=$?
  [ "$status" -ne 124 ] && tr -d '\r' < out.txt | grep -aqE -- "$pattern"
  result $? "$what (exit code $status)" out.txt
}

# tool WHAT PATTERN ARGUMENTS...: as check, for the tool on its platform.
tool() {
  local what=$1 pattern=$2
  shift 2
  check "$what" "$pattern" "${run[@]}" "$@"
}

# publish PROJECT FOLDER RUNTIME OPTIONS...: a program with all that it needs.
publish() {
  local project=$1 folder=$2 runtime=$3
  shift 3
  dotnet publish "$repository/$project" -c Release -r "$runtime" --self-contained -o "$work/$folder" -v m \
    -p:ValidateExecutableReferencesMatchSelfContained=false "$@" > "$work/$folder.log" 2>&1
}

# number NAME FILE: a number of the JSON object in a file.
number() { tr -d '\r' < "$2" | grep -ao "\"$1\":[-0-9.eE+]*" | tail -n 1 | cut -d: -f2; }

# same_losses WHAT FILE [PART]: the losses of a training are those of the reference but for a part: 1 in 10,000, unless given. llama.cpp's operations
# round otherwise on another processor, or compiled by another compiler. Numbers that products then round to 12 bits come out on the other side of a
# step now and then, more of them with each layer, and Adam's first updates make as much of a small gradient as of a large one.
same_losses() {
  local name here there status=0
  for name in firstLoss finalLoss; do
    here=$(number $name "$2")
    there=$(number $name "$work/reference.json")
    printf '%s: %s %.6f, reference %.6f\n' "$1" $name "$here" "$there"
    awk -v a="$here" -v b="$there" -v part="${3:-1e-4}" 'BEGIN { exit !(a > 0 && b > 0 && (a - b) ^ 2 < (part * b) ^ 2) }' || status=1
  done
  result $status "$1: losses as on linux-x64" "$2"
}

# reference OPTIONS...: trains in a checkout's own way on this machine, for same_losses.
reference() {
  (
    unset LORABRIDGE_NATIVE_DIR
    [ -z "${REFERENCE_NATIVES:-}" ] || export LORABRIDGE_NATIVE_DIR="$REFERENCE_NATIVES"
    dotnet run -c Release --project "$repository/src/LoraBridge.Cli" -- train "$@" -o "$work/reference.gguf" --json --progress none > "$work/reference.json" 2> "$work/reference.log"
  )
  result $? 'reference on linux-x64' "$work/reference.log"
}

# files: an empty folder to work in, with a model and the first rows of a data set.
files() {
  rm -rf "$work/files"
  mkdir -p "$work/files"
  cd "$work/files"
  cp "$repository/examples/models/small-world.Q4_K_M.gguf" m.gguf
  head -n "$1" "$repository/examples/data/persona.train.jsonl" > d.jsonl
}

# finish: the last line, and the exit code.
finish() {
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ]
}
