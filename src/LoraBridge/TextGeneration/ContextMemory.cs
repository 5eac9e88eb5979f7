using LoraBridge.Formats;

namespace LoraBridge.TextGeneration;

/// <summary>Refuses contexts that cannot fit: the system would end the process instead of refusing the memory.</summary>
internal static class ContextMemory
{
    /// <exception cref="InsufficientMemoryException">Keys and values alone need more than this process may have.</exception>
    internal static void Check(GgufMetadata metadata, int tokens, int bytesPerValue)
    {
        var needed = KeysAndValues(metadata, tokens, bytesPerValue);
        var available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (needed > available)
        {
            throw new InsufficientMemoryException(
                $"A context of {tokens} tokens needs {needed >> 20} MiB for keys and values, but this process may use {available >> 20} MiB. "
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
