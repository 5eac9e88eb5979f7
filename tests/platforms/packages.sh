#!/usr/bin/env bash
# Packs all packages, and uses them as others would: by tests/PackageSmoke, by the installed tool, and in new projects elsewhere, of which one
# takes llama.cpp from LoraBridge.Backend.Cpu and one from LLamaSharp.Backend.Cpu. Needs npm. Usage: packages.sh [REPOSITORY]
set -uo pipefail
repository="$(cd "${1:-$(dirname "$0")/../..}" && pwd)"
work="${WORK:-$(mktemp -d)}" # not in the checkout, whose settings would reach a project there
[ -n "${WORK:-}" ] || trap 'rm -rf "$work"' EXIT
mkdir -p "$work"
work="$(cd "$work" && pwd)"
. "$(dirname "$0")/checks.sh"

(cd "$repository" && dotnet tool restore && dotnet cake --target=Smoke) > "$work/smoke.log" 2>&1
result $? 'pack, run tests/PackageSmoke, install and run the tool' "$work/smoke.log"

# Packages of a cache of their own, for others of the same version may be in the user's; what others made is taken from there.
export NUGET_PACKAGES="$work/packages"
export RestoreFallbackFolders="${HOME}/.nuget/packages"
llamasharp=$(sed -n 's/.*"LLamaSharp.Backend.Cpu" Version="\([^"]*\)".*/\1/p' "$repository/Directory.Packages.props")
for backend in "LoraBridge.Backend.Cpu" "LLamaSharp.Backend.Cpu --version $llamasharp"; do
  name="With$(echo "${backend%% *}" | tr -d .)"
  rm -rf "$work/$name" && mkdir -p "$work/$name" && cd "$work/$name" || exit 1
  {
    dotnet new console --output . &&
      echo "<configuration><packageSources><add key='packed' value='$repository/artifacts/packages' /></packageSources></configuration>" > nuget.config &&
      dotnet add package LoraBridge && dotnet add package $backend && cp "$repository/tests/PackageSmoke/Program.cs" . && dotnet build -c Release
  } > build.log 2>&1
  result $? "a new project with $backend: build" build.log
  cp "$repository/examples/models/small-world.Q4_K_M.gguf" "bin/Release/net10.0/small-world.gguf"
  check "a new project with $backend: run" '^merged: ' dotnet "bin/Release/net10.0/$name.dll"
done
cd "$work"
finish
