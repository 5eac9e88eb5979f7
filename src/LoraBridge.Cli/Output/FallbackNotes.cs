using LoraBridge.Model;

namespace LoraBridge.Cli.Output;

/// <summary>Says beside a result what a device left to the CPU.</summary>
internal static class FallbackNotes
{
    internal static void Write(TextWriter output, string device, IEnumerable<DeviceFallback> fallbacks)
    {
        foreach (var fallback in fallbacks)
            output.WriteLine($"on the CPU beside {device}: {fallback.Count} {fallback.Operation} ({fallback.Reason})");
    }
}
