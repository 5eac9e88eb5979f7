using Microsoft.Extensions.Logging;

namespace LoraBridge.Native;

/// <summary>How the native libraries are loaded; the first call of <see cref="NativeRuntime.Initialize"/> decides.</summary>
internal sealed record NativeRuntimeOptions
{
    /// <summary>Folder of the core libraries; null searches as <see cref="NativeLocations"/> describes.</summary>
    public string? Directory { get; init; }

    /// <summary>Folders with further backend libraries (CUDA, Vulkan), tried after the core folder and before those of <c>LORABRIDGE_BACKEND_DIRS</c>.</summary>
    public IReadOnlyList<string> BackendDirectories { get; init; } = [];

    /// <summary>Receives the native log; null drops it.</summary>
    public ILogger? Logger { get; init; }
}
