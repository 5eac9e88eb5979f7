using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>
/// What loaded libraries say about themselves. They must be exactly one of the builds that the structs of this assembly mirror: a different
/// one would be read wrongly, silently. Null stands for a function that does not exist.
/// </summary>
internal sealed record BuildIdentity(string? LlamaVersion, string? GgmlVersion, string? GgmlCommit, long TensorOverhead)
{
    /// <summary>Bytes of a tensor in a context: an object header of 32 and the tensor itself.</summary>
    internal static readonly long ExpectedTensorOverhead = 32 + Unsafe.SizeOf<GgmlTensor>();

    /// <summary>Asks the libraries. Their functions are looked up one by one, because an unknown build may lack any of them.</summary>
    internal static unsafe BuildIdentity Of(nint ggmlBase, nint llama)
    {
        return new(Text(llama, "llama_version"), Text(ggmlBase, "ggml_version"), Text(ggmlBase, "ggml_commit"), Overhead());

        static string? Text(nint library, string function) =>
            NativeLibrary.TryGetExport(library, function, out var address)
                ? Marshal.PtrToStringUTF8((nint)((delegate* unmanaged[Cdecl]<byte*>)address)())
                : null;

        long Overhead() =>
            NativeLibrary.TryGetExport(ggmlBase, "ggml_tensor_overhead", out var address) ? (long)((delegate* unmanaged[Cdecl]<nuint>)address)() : 0;
    }

    /// <summary>The known build that this is.</summary>
    /// <param name="directory">Where the libraries lie, for the message.</param>
    /// <exception cref="NativeException">It is another one; the message lists how it differs from each known build.</exception>
    internal LlamaBuild Require(string directory) =>
        LlamaBuild.Known.FirstOrDefault(build => Differences(build).Count == 0)
        ?? throw new NativeException(
            $"The llama.cpp in {directory} is no build that LoraBridge knows."
            + string.Concat(LlamaBuild.Known.Select(build => $" It differs from {build} in {string.Join("; ", Differences(build))}.")), []);

    /// <summary>One entry for each thing that is not as in <paramref name="build"/>.</summary>
    internal IReadOnlyList<string> Differences(LlamaBuild build)
    {
        var differences = new List<string>();
        Compare("llama_version()", build.LlamaVersion, LlamaVersion);
        Compare("ggml_version()", build.GgmlVersion, GgmlVersion);
        Compare("ggml_commit()", build.GgmlCommit, GgmlCommit);
        Compare("ggml_tensor_overhead()", $"{ExpectedTensorOverhead}", $"{TensorOverhead}");
        return differences;

        void Compare(string what, string? expected, string? found)
        {
            if (found != expected)
                differences.Add($"{what}: expected {expected ?? "no such function"}, found {found ?? "no such function"}");
        }
    }
}
