namespace LoraBridge.Native;

/// <summary>
/// The C API of ggml (<c>ggml.h</c>, <c>ggml-alloc.h</c>, <c>ggml-backend.h</c>), names verbatim. Nothing here validates: a wrong shape
/// or type ends the process in a ggml assertion, so callers check first. A <c>default</c> pointer is C's NULL, an empty span too.
/// </summary>
internal static partial class Ggml
{
    private const string Library = NativeLibraries.GgmlBase;
    private const string RegistryLibrary = NativeLibraries.Ggml;

    /// <summary>Dimensions of every tensor; absent ones have length 1.</summary>
    internal const int MaxDimensions = 4;

    /// <summary>Sources that a tensor can have.</summary>
    internal const int MaxSources = 10;

    /// <summary>The most threads of the CPU.</summary>
    internal const int MaxThreads = 512;

    /// <summary>Bytes of a tensor's name, its terminating zero included.</summary>
    internal const int MaxName = 64;

    /// <summary>32-bit words of an operation's parameters.</summary>
    internal const int MaxOpParams = 16;

    /// <summary>Alignment of tensor data in memory, in bytes.</summary>
    internal const int MemoryAlignment = 16;

    static Ggml() => NativeLibraries.Register();
}
