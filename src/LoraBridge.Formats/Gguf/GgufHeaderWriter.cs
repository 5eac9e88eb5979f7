using System.Runtime.InteropServices;
using System.Text;

namespace LoraBridge.Formats;

/// <summary>Writes everything of a GGUF file before the tensor data, padded to the alignment.</summary>
internal static class GgufHeaderWriter
{
    private const int Version = 3;

    public static byte[] Write(GgufMetadata metadata, IReadOnlyList<GgufWriter.Entry> tensors)
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes, Encoding.UTF8);
        writer.Write("GGUF"u8);
        writer.Write(Version);
        writer.Write((long)tensors.Count);
        writer.Write((long)metadata.Count);
        foreach (var (key, value) in metadata)
        {
            WriteText(writer, Encoding.UTF8.GetBytes(key));
            WriteValue(writer, value);
        }

        var offset = 0L;
        foreach (var tensor in tensors)
        {
            WriteTensor(writer, tensor, offset);
            offset = GgufTensorRules.Align(offset + tensor.ByteLength, metadata.Alignment);
        }

        var padding = GgufTensorRules.Align(bytes.Length, metadata.Alignment) - bytes.Length;
        writer.Write(new byte[padding]);
        return bytes.ToArray();
    }

    private static void WriteTensor(BinaryWriter writer, GgufWriter.Entry tensor, long offset)
    {
        // ggml keeps four dimensions and writes none of the trailing ones.
        var dimensions = tensor.Shape.Length;
        while (dimensions > 1 && tensor.Shape[dimensions - 1] == 1)
            dimensions--;

        WriteText(writer, Encoding.UTF8.GetBytes(tensor.Name));
        writer.Write(dimensions);
        for (var i = 0; i < dimensions; i++)
            writer.Write(tensor.Shape[i]);
        writer.Write((int)tensor.Type);
        writer.Write(offset);
    }

    private static void WriteValue(BinaryWriter writer, GgufValue value)
    {
        writer.Write((int)value.Type);
        if (value.ElementType is { } element)
        {
            writer.Write((int)element);
            writer.Write((long)value.Count);
        }

        switch (value.Payload)
        {
            case byte[] text when value.Type == GgufValueType.String: WriteText(writer, text); break;
            case GgufStringArray strings: WriteStrings(writer, strings); break;
            case Array: WriteArray(writer, value); break;
            case byte number: writer.Write(number); break;
            case sbyte number: writer.Write(number); break;
            case ushort number: writer.Write(number); break;
            case short number: writer.Write(number); break;
            case uint number: writer.Write(number); break;
            case int number: writer.Write(number); break;
            case float number: writer.Write(number); break;
            case bool flag: writer.Write(flag); break;
            case ulong number: writer.Write(number); break;
            case long number: writer.Write(number); break;
            case double number: writer.Write(number); break;
        }
    }

    private static void WriteArray(BinaryWriter writer, GgufValue value)
    {
        switch (value.ElementType)
        {
            case GgufValueType.UInt8: WriteNumbers<byte>(writer, value); break;
            case GgufValueType.Int8: WriteNumbers<sbyte>(writer, value); break;
            case GgufValueType.UInt16: WriteNumbers<ushort>(writer, value); break;
            case GgufValueType.Int16: WriteNumbers<short>(writer, value); break;
            case GgufValueType.UInt32: WriteNumbers<uint>(writer, value); break;
            case GgufValueType.Int32: WriteNumbers<int>(writer, value); break;
            case GgufValueType.Float32: WriteNumbers<float>(writer, value); break;
            case GgufValueType.Bool: WriteNumbers<bool>(writer, value); break;
            case GgufValueType.UInt64: WriteNumbers<ulong>(writer, value); break;
            case GgufValueType.Int64: WriteNumbers<long>(writer, value); break;
            case GgufValueType.Float64: WriteNumbers<double>(writer, value); break;
        }
    }

    private static void WriteNumbers<T>(BinaryWriter writer, GgufValue value)
        where T : unmanaged
    {
        value.TryGetArray<T>(out var numbers);
        writer.Write(MemoryMarshal.AsBytes(numbers));
    }

    private static void WriteStrings(BinaryWriter writer, GgufStringArray strings)
    {
        for (var i = 0; i < strings.Count; i++)
            WriteText(writer, strings.Utf8(i));
    }

    private static void WriteText(BinaryWriter writer, ReadOnlySpan<byte> text)
    {
        writer.Write((long)text.Length);
        writer.Write(text);
    }
}
