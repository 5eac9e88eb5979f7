using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace LoraBridge.Native;

/// <summary>A folder in which llama.cpp's libraries may be.</summary>
/// <param name="Directory">The folder.</param>
/// <param name="Reason">Why it is looked at.</param>
/// <param name="Gpu">The backend that the folder is for, when that is a GPU's: without its driver the libraries do not load.</param>
/// <param name="CpuDirectory">Where the backend of the CPU is when the folder has none.</param>
internal sealed record NativeLocation(string Directory, string Reason, string? Gpu = null, string? CpuDirectory = null);

/// <summary>Where llama.cpp's libraries are sought, in order, when the process has none yet.</summary>
internal static class NativeLocations
{
    /// <summary>Environment variable that names the folder; when set, no other is tried.</summary>
    internal const string DirectoryVariable = "LORABRIDGE_NATIVE_DIR";

    /// <summary>Environment variable with further folders of backend libraries, separated as in PATH.</summary>
    internal const string BackendDirectoriesVariable = "LORABRIDGE_BACKEND_DIRS";

    /// <summary>What <see cref="BackendDirectoriesVariable"/> lists.</summary>
    internal static IReadOnlyList<string> BackendDirectories => Split(Environment.GetEnvironmentVariable(BackendDirectoriesVariable));

    /// <summary>The folders to try: the one that the environment names, or else those of packages and of the program.</summary>
    internal static IReadOnlyList<NativeLocation> All => Environment.GetEnvironmentVariable(DirectoryVariable) is { Length: > 0 } chosen
        ? [new(chosen, $"the environment variable {DirectoryVariable} names it")]
        : [.. Roots.SelectMany(InPackages), .. Roots.Select(root => new NativeLocation(root, "next to the program"))];

    /// <summary>Where packages put native files: next to the program, or where the host unpacked a single-file program.</summary>
    private static IEnumerable<string> Roots =>
        Split(AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string)
            .Prepend(AppContext.BaseDirectory)
            .Select(Path.TrimEndingDirectorySeparator)
            .Distinct();

    /// <summary>The folders of LLamaSharp's packages below <paramref name="root"/>, best first, and then of LoraBridge's.</summary>
    internal static IEnumerable<NativeLocation> InPackages(string root)
    {
        var native = Path.Combine(root, "runtimes", RuntimeIdentifier, "native");
        string[] variants = [.. ProcessorVariants];
        var cpu = variants.Select(variant => Path.Combine(native, variant)).FirstOrDefault(Directory.Exists) ?? native;
        foreach (var (folder, backend) in new[] { ("cuda13", "cuda"), ("cuda12", "cuda"), ("vulkan", "vulkan") })
        {
            if (Directory.Exists(Path.Combine(native, folder)))
                yield return new(Path.Combine(native, folder), $"a LLamaSharp.Backend package for {folder}", backend, cpu);
        }
        foreach (var variant in variants)
            yield return new(Path.Combine(native, variant), $"a LLamaSharp.Backend package, for processors with {variant}");
        yield return new(native, "a LLamaSharp.Backend or LoraBridge.Backend package");
    }

    /// <summary>
    /// The variants of LLamaSharp's packages that this processor can run, best first: the same choice as LLamaSharp's, because two variants
    /// in one process would be two copies of llama.cpp.
    /// </summary>
    private static IEnumerable<string> ProcessorVariants
    {
        get
        {
            if (!X86Base.IsSupported)
                yield break;
            if (Avx512F.IsSupported && Avx512BW.IsSupported && Avx512Vbmi.IsSupported && HasVnni)
                yield return "avx512";
            if (Avx2.IsSupported)
                yield return "avx2";
            if (Avx.IsSupported)
                yield return "avx";
            yield return "noavx";
        }
    }

    // Leaf 7, bit 11 of ECX: AVX512_VNNI.
    private static bool HasVnni => (X86Base.CpuId(7, 0).Ecx & (1 << 11)) != 0;

    private static string RuntimeIdentifier
    {
        get
        {
            var system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx"
                : System.Runtime.InteropServices.RuntimeInformation.RuntimeIdentifier.Contains("musl", StringComparison.Ordinal) ? "linux-musl" : "linux";
            return $"{system}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
        }
    }

    /// <summary>Nothing was found.</summary>
    /// <param name="tried">The folders, each with what is missing there.</param>
    internal static DllNotFoundException NotFound(IEnumerable<(NativeLocation Location, string Missing)> tried) => new(
        $"The llama.cpp libraries for {RuntimeInformation.RuntimeIdentifier} were not found. Tried:{Environment.NewLine}"
        + string.Concat(tried.Select(entry => $"  {entry.Location.Directory} ({entry.Location.Reason}): {entry.Missing}{Environment.NewLine}"))
        + "Reference the package LLamaSharp.Backend.Cpu 0.30.0 (or .Cuda12 for NVIDIA GPUs), on Linux alternatively LoraBridge.Backend.Cpu, "
        + $"or set {DirectoryVariable} to a folder that holds a build of llama.cpp that LoraBridge knows: {string.Join(", ", LlamaBuild.Known)}.");

    private static string[] Split(string? paths) =>
        paths?.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
}
