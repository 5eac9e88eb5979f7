using System.Text.RegularExpressions;

namespace LoraBridge.Native;

/// <summary>Says what helps when the system's loader refuses a library.</summary>
internal static partial class LoadFailure
{
    // glibc: "libgomp.so.1: cannot open shared object file"; musl: "Error loading shared library libgomp.so.1: No such file or directory".
    [GeneratedRegex(@"(?:Error loading shared library )?(?<file>lib[\w.+-]+\.so[\d.]*): (?:cannot open shared object file|No such file)")]
    private static partial Regex MissingLibrary { get; }

    [GeneratedRegex(@"version `(?<version>(?:GLIBC|GLIBCXX)_[\d.]+)' not found")]
    private static partial Regex MissingVersion { get; }

    /// <summary>The loader's <paramref name="message"/>, followed by what to install where that is known.</summary>
    internal static string Explain(string message) => Advice(message) is { } advice ? $"{message.TrimEnd()} {advice}" : message;

    private static string? Advice(string message)
    {
        if (MissingLibrary.Match(message) is { Success: true } library)
            return $"The system library {library.Groups["file"].Value} is missing: {Package(library.Groups["file"].Value)}.";
        if (MissingVersion.Match(message) is not { Success: true } match)
            return null;
        var version = match.Groups["version"].Value;
        return version.StartsWith("GLIBC_", StringComparison.Ordinal)
            ? $"The system's C library is too old: glibc {version["GLIBC_".Length..]} or newer is needed (2.38 is in Debian 13, Ubuntu 24.04 and Fedora 39)."
            : $"The system's C++ library is too old: one with {version} is needed (a newer libstdc++6).";
    }

    private static string Package(string file) => file switch
    {
        _ when file.StartsWith("libgomp.", StringComparison.Ordinal) =>
            "install libgomp1 (Debian, Ubuntu: apt install libgomp1) or libgomp (Fedora: dnf install libgomp; Alpine: apk add libgomp)",
        _ when file.StartsWith("libstdc++.", StringComparison.Ordinal) => "install libstdc++6 (Debian, Ubuntu) or libstdc++ (Fedora, Alpine)",
        _ when file.StartsWith("libcuda.", StringComparison.Ordinal) => "it comes with the NVIDIA driver",
        _ when file.StartsWith("libcudart.", StringComparison.Ordinal) || file.StartsWith("libcublas", StringComparison.Ordinal) =>
            $"it comes with the CUDA runtime, version {file[(file.IndexOf(".so.", StringComparison.Ordinal) + 4)..].Split('.')[0]}",
        _ when file.StartsWith("libvulkan.", StringComparison.Ordinal) => "install libvulkan1 (Debian, Ubuntu) or vulkan-loader (Fedora, Alpine)",
        _ => "install the package of the system that holds it",
    };
}
