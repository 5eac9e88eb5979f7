using System.Text;

namespace LoraBridge.Native;

/// <summary>A build of llama.cpp that the structs and imports of this assembly are written for.</summary>
/// <param name="Name">What users know it by.</param>
/// <param name="Packages">The packages that carry it.</param>
/// <param name="LlamaVersion">What <c>llama_version</c> returns; null where the function does not exist.</param>
/// <param name="GgmlVersion">What <c>ggml_version</c> returns.</param>
/// <param name="GgmlCommit">What <c>ggml_commit</c> returns.</param>
internal sealed record LlamaBuild(string Name, string Packages, string? LlamaVersion, string GgmlVersion, string GgmlCommit)
{
    /// <summary>The build in LLamaSharp's packages: backends are linked into it.</summary>
    internal static readonly LlamaBuild B10221 = new("b10221", "LLamaSharp.Backend.* 0.29 and 0.30", null, "0.18.0", "815a2a591");

    /// <summary>The newer build: backends are plug-ins.</summary>
    internal static readonly LlamaBuild V050 = new("v0.5.0", "LoraBridge.Backend.*", "0.5.0-dev", "0.25.1", "0ad4a86");

    /// <summary>All of them.</summary>
    internal static IReadOnlyList<LlamaBuild> Known { get; } = [B10221, V050];

    /// <summary>The build in this process; loads the libraries when that has not happened yet.</summary>
    internal static LlamaBuild Loaded => NativeLibraries.Load().Build;

    /// <summary>
    /// Whether backends can be added to it. Plug-ins for b10221 do not exist, and those of another build are accepted by it (both give the
    /// version of the plug-in interface as 2) although a function they share has changed.
    /// </summary>
    internal bool TakesPlugins => this == V050;

    /// <summary>Whether the file <paramref name="ggmlBase"/> is of this build: the commit is in its read-only data.</summary>
    internal bool Wrote(string ggmlBase) => File.ReadAllBytes(ggmlBase).AsSpan().IndexOf(Encoding.ASCII.GetBytes(GgmlCommit)) >= 0;

    public override string ToString() => $"{Name} ({Packages})";
}
