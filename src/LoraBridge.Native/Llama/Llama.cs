namespace LoraBridge.Native;

/// <summary>
/// The C API of llama.cpp (<c>llama.h</c>), names verbatim. Nothing here validates. A <c>default</c> pointer is C's NULL, an empty span too.
/// </summary>
internal static partial class Llama
{
    private const string Library = NativeLibraries.Llama;

    /// <summary>The absence of a token.</summary>
    internal const int TokenNull = -1;

    /// <summary>A seed that asks samplers to draw one at random.</summary>
    internal const uint DefaultSeed = 0xFFFFFFFF;

    static Llama() => NativeLibraries.Register();
}
