namespace LoraBridge.Native;

/// <summary>
/// The libraries must be exactly the build that the structs of this assembly mirror: a different one would be read wrongly, silently.
/// </summary>
internal sealed record AbiCheck(string? Llama, string? Ggml, string? Commit, long TensorOverhead)
{
    internal const string LlamaVersion = "0.5.0-dev";
    internal const string GgmlVersion = "0.25.1";
    internal const string GgmlCommit = "0ad4a86";

    /// <summary>Bytes of a tensor in a context: an object header of 32 and the tensor itself.</summary>
    internal static readonly long ExpectedTensorOverhead = 32 + System.Runtime.CompilerServices.Unsafe.SizeOf<GgmlTensor>();

    /// <summary>What the loaded libraries answer.</summary>
    internal static AbiCheck OfLoadedLibraries() => new(
        Native.Llama.llama_version(), Native.Ggml.ggml_version(), Native.Ggml.ggml_commit(), (long)Native.Ggml.ggml_tensor_overhead());

    /// <summary>One line per answer that is not the pinned one; empty when the libraries are the right ones.</summary>
    internal IReadOnlyList<string> Differences()
    {
        var differences = new List<string>();
        Compare("llama_version()", LlamaVersion, Llama);
        Compare("ggml_version()", GgmlVersion, Ggml);
        Compare("ggml_commit()", GgmlCommit, Commit);
        Compare("ggml_tensor_overhead()", $"{ExpectedTensorOverhead}", $"{TensorOverhead}");
        return differences;

        void Compare(string what, string expected, string? found)
        {
            if (found != expected)
                differences.Add($"{what}: expected {expected}, found {found ?? "nothing"}");
        }
    }

    /// <exception cref="NativeException">The libraries are another build; lists the differences.</exception>
    internal void ThrowIfDifferent(string directory)
    {
        if (Differences() is { Count: > 0 } differences)
        {
            throw new NativeException(
                $"The libraries in {directory} are not the llama.cpp build that LoraBridge is made for: {string.Join("; ", differences)}.", []);
        }
    }
}
