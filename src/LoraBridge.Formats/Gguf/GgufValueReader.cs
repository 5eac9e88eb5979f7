namespace LoraBridge.Formats;

/// <summary>Reads one metadata value: its type, then a single value or an array.</summary>
internal static class GgufValueReader
{
    public static GgufValue Read(GgufReader reader, string key) => reader.ReadValueType(key) switch
    {
        GgufValueType.UInt8 => GgufValue.FromScalar(reader.ReadScalar<byte>(key)),
        GgufValueType.Int8 => GgufValue.FromScalar(reader.ReadScalar<sbyte>(key)),
        GgufValueType.UInt16 => GgufValue.FromScalar(reader.ReadScalar<ushort>(key)),
        GgufValueType.Int16 => GgufValue.FromScalar(reader.ReadScalar<short>(key)),
        GgufValueType.UInt32 => GgufValue.FromScalar(reader.ReadScalar<uint>(key)),
        GgufValueType.Int32 => GgufValue.FromScalar(reader.ReadScalar<int>(key)),
        GgufValueType.Float32 => GgufValue.FromScalar(reader.ReadScalar<float>(key)),
        GgufValueType.UInt64 => GgufValue.FromScalar(reader.ReadScalar<ulong>(key)),
        GgufValueType.Int64 => GgufValue.FromScalar(reader.ReadScalar<long>(key)),
        GgufValueType.Float64 => GgufValue.FromScalar(reader.ReadScalar<double>(key)),
        GgufValueType.Bool => GgufValue.FromScalar(reader.ReadBool(key)),
        GgufValueType.String => GgufValue.FromUtf8(reader.ReadBytes($"metadata key '{key}'", Array.MaxLength)),
        _ => ReadArray(reader, key),
    };

    private static GgufValue ReadArray(GgufReader reader, string key)
    {
        var at = reader.Position;
        var type = reader.ReadValueType(key);
        if (type == GgufValueType.Array)
            throw reader.Fault(at, $"metadata key '{key}' is an array of arrays, expected an array of single values");

        var elementBytes = type == GgufValueType.String ? sizeof(ulong) : GgufValueTypes.Size(type);
        var count = reader.ReadCount($"elements of metadata key '{key}'", elementBytes);
        return type switch
        {
            GgufValueType.UInt8 => Numbers<byte>(reader, key, count),
            GgufValueType.Int8 => Numbers<sbyte>(reader, key, count),
            GgufValueType.UInt16 => Numbers<ushort>(reader, key, count),
            GgufValueType.Int16 => Numbers<short>(reader, key, count),
            GgufValueType.UInt32 => Numbers<uint>(reader, key, count),
            GgufValueType.Int32 => Numbers<int>(reader, key, count),
            GgufValueType.Float32 => Numbers<float>(reader, key, count),
            GgufValueType.UInt64 => Numbers<ulong>(reader, key, count),
            GgufValueType.Int64 => Numbers<long>(reader, key, count),
            GgufValueType.Float64 => Numbers<double>(reader, key, count),
            GgufValueType.Bool => Bools(reader, key, count),
            _ => GgufValue.FromStrings(reader.ReadStrings(key, count)),
        };
    }

    private static GgufValue Numbers<T>(GgufReader reader, string key, int count)
        where T : unmanaged =>
        GgufValue.FromOwnedArray(reader.ReadArray<T>(key, count));

    // Any byte but zero means true; a bool that holds another bit pattern would compare wrongly.
    private static GgufValue Bools(GgufReader reader, string key, int count) =>
        GgufValue.FromOwnedArray(Array.ConvertAll(reader.ReadArray<byte>(key, count), value => value != 0));
}
