using LoraBridge.Formats;
using LoraBridge.Model;

namespace LoraBridge.TextGeneration;

/// <summary>Refuses contexts that cannot fit: the system would end the process instead of refusing the memory.</summary>
internal static class ContextMemory
{
    /// <exception cref="InsufficientMemoryException">Keys and values alone need more than there is on the devices that keep them.</exception>
    internal static void Check(ModelCore core, int tokens, int sequences, int bytesPerValue)
    {
        var needed = Math.Min(KeysAndValues(core.Files.Metadata, tokens, bytesPerValue) * (double)sequences, long.MaxValue / 2);
        var available = DeviceMemory.Available(core.CacheDevices);
        if (needed > available)
        {
            var count = sequences > 1 ? $"{sequences} times {tokens}" : $"{tokens}";
            throw new InsufficientMemoryException(
                $"A context of {count} tokens needs {(long)needed >> 20} MiB for keys and values, but there are {available >> 20} MiB. "
                + "Ask for fewer tokens.");
        }
    }

    /// <summary>Bytes of keys and values: an upper bound for attention, which sliding windows undercut.</summary>
    internal static long KeysAndValues(GgufMetadata metadata, int tokens, int bytesPerValue)
    {
        var layers = Number("block_count", 0);
        var heads = Number("attention.head_count", 0);
        var keyHeads = Number("attention.head_count_kv", heads);
        var size = heads > 0 ? Number("embedding_length", 0) / heads : 0;
        var width = Number("attention.key_length", size) + Number("attention.value_length", size);
        return (long)Math.Min((double)layers * keyHeads * width * tokens * bytesPerValue, long.MaxValue / 2);

        long Number(string suffix, long missing)
        {
            if (!metadata.TryGet(metadata.ArchitectureKey(suffix), out var value))
                return missing;
            return value.TryGetInt64(out var single) ? single : value.TryGetInt64Array(out var each) && each.Length > 0 ? each.Max() : missing;
        }
    }
}
