using System.Collections.Immutable;

namespace LoraBridge.Formats;

/// <summary>Everything of a GGUF file before the tensor data, read and checked.</summary>
internal sealed record GgufHeader(int Version, GgufMetadata Metadata, ImmutableArray<GgufTensorInfo> Tensors)
{
    private const uint Magic = 0x46554747; // "GGUF" in little-endian order

    // A key of one byte with a one-byte value, and a name of one byte with one dimension: the least a claimed entry takes.
    private const int MinimumPairBytes = 8 + 1 + 4 + 1;
    private const int MinimumTensorBytes = 8 + 1 + 4 + 8 + 4 + 8;

    public static GgufHeader Read(ByteSource source)
    {
        var reader = new GgufReader(source);
        var version = ReadVersion(reader);
        var tensorCount = reader.ReadCount("tensors", MinimumTensorBytes);
        var pairCount = reader.ReadCount("metadata pairs", MinimumPairBytes);
        var metadata = ReadMetadata(reader, source.Name, pairCount);
        return new GgufHeader(version, metadata, ReadTensors(reader, source.Length, metadata.Alignment, tensorCount));
    }

    private static int ReadVersion(GgufReader reader)
    {
        var magic = reader.ReadUInt32("the magic number");
        if (magic != Magic)
            throw reader.Fault(0, $"magic number 0x{magic:x8}, expected 0x{Magic:x8} (\"GGUF\")");
        var version = reader.ReadUInt32("the version");
        if ((version & 0xffff) == 0 && version != 0)
            throw reader.Fault(4, $"version 0x{version:x8} looks big-endian, expected a little-endian file");
        return version is 2 or 3 ? (int)version : throw reader.Fault(4, $"GGUF version {version}, expected 2 or 3");
    }

    private static GgufMetadata ReadMetadata(GgufReader reader, string file, int count)
    {
        var metadata = new GgufMetadata(file);
        for (var i = 0; i < count; i++)
        {
            var at = reader.Position;
            var key = reader.ReadName($"metadata key {i}", GgufMetadata.MaximumKeyBytes);
            if (metadata.ContainsKey(key))
                throw reader.Fault(at, $"metadata key '{key}' occurs twice");
            var value = GgufValueReader.Read(reader, key);
            if (key == GgufMetadata.AlignmentKey && GgufMetadata.DescribeAlignmentFault(value) is { } fault)
                throw reader.Fault(at, $"metadata key '{key}' {fault}");
            metadata[key] = value;
        }

        return metadata;
    }

    private static ImmutableArray<GgufTensorInfo> ReadTensors(GgufReader reader, long fileLength, int alignment, int count)
    {
        var entries = new List<(Entry Entry, long At)>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < count; i++)
        {
            var at = reader.Position;
            var entry = ReadTensor(reader, i);
            if (!names.Add(entry.Name))
                throw reader.Fault(at, $"tensor name '{entry.Name}' occurs twice");
            entries.Add((entry, at));
        }

        return Place(reader, entries, fileLength, alignment);
    }

    private static Entry ReadTensor(GgufReader reader, int index)
    {
        var at = reader.Position;
        var name = reader.ReadName($"the name of tensor {index}", GgufTensorInfo.MaximumNameBytes);
        var dimensions = reader.ReadUInt32($"the number of dimensions of tensor '{name}'");
        if (dimensions is 0 or > GgufTensorInfo.MaximumDimensions)
        {
            throw reader.Fault(
                at, $"tensor '{name}' has {dimensions} dimensions, expected 1 to {GgufTensorInfo.MaximumDimensions}");
        }

        var shape = new long[dimensions];
        for (var i = 0; i < shape.Length; i++)
            shape[i] = reader.ReadInt64($"the shape of tensor '{name}'");
        var type = (GgmlType)reader.ReadUInt32($"the type of tensor '{name}'");
        if (GgufTensorRules.DescribeShapeFault(name, type, shape, out var byteLength) is { } fault)
            throw reader.Fault(at, fault);
        return new Entry(name, type, [.. shape], byteLength, reader.ReadUInt64($"the offset of tensor '{name}'"));
    }

    /// <summary>
    /// Checks that the data lie one after another in the order of the list, each aligned, as ggml demands; so none overlaps
    /// another, and none leaves the file.
    /// </summary>
    private static ImmutableArray<GgufTensorInfo> Place(
        GgufReader reader, List<(Entry Entry, long At)> entries, long fileLength, int alignment)
    {
        var tensors = ImmutableArray.CreateBuilder<GgufTensorInfo>(entries.Count);
        var dataStart = GgufTensorRules.Align(reader.Position, alignment);
        var next = dataStart;
        foreach (var (entry, at) in entries)
        {
            var expected = (ulong)(next - dataStart);
            if (entry.Offset != expected)
                throw reader.Fault(at, $"tensor '{entry.Name}' has offset {entry.Offset}, expected {expected}");
            if (next > fileLength || entry.ByteLength > fileLength - next)
            {
                throw reader.Fault(
                    at, $"tensor '{entry.Name}' has {entry.ByteLength} bytes from byte {next}, but the file has {fileLength} bytes");
            }

            tensors.Add(new GgufTensorInfo(entry.Name, entry.Type, entry.Shape, next, entry.ByteLength));
            next = GgufTensorRules.Align(next + entry.ByteLength, alignment);
        }

        return tensors.MoveToImmutable();
    }

    private readonly record struct Entry(string Name, GgmlType Type, ImmutableArray<long> Shape, long ByteLength, ulong Offset);
}
