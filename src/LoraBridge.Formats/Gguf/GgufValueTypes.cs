namespace LoraBridge.Formats;

/// <summary>Facts about <see cref="GgufValueType"/> that the reader and the writer share.</summary>
internal static class GgufValueTypes
{
    /// <summary>Bytes of one value in the file; 0 for strings and arrays, whose size varies.</summary>
    public static int Size(GgufValueType type) => type switch
    {
        GgufValueType.UInt8 or GgufValueType.Int8 or GgufValueType.Bool => 1,
        GgufValueType.UInt16 or GgufValueType.Int16 => 2,
        GgufValueType.UInt32 or GgufValueType.Int32 or GgufValueType.Float32 => 4,
        GgufValueType.UInt64 or GgufValueType.Int64 or GgufValueType.Float64 => 8,
        _ => 0,
    };

    public static bool IsInteger(GgufValueType type) =>
        type is not (GgufValueType.Bool or GgufValueType.String or GgufValueType.Array) && !IsFloat(type);

    public static bool IsFloat(GgufValueType type) => type is GgufValueType.Float32 or GgufValueType.Float64;

    public static GgufValueType Of<T>()
        where T : unmanaged =>
        default(T) switch
        {
            byte => GgufValueType.UInt8,
            sbyte => GgufValueType.Int8,
            ushort => GgufValueType.UInt16,
            short => GgufValueType.Int16,
            uint => GgufValueType.UInt32,
            int => GgufValueType.Int32,
            float => GgufValueType.Float32,
            bool => GgufValueType.Bool,
            ulong => GgufValueType.UInt64,
            long => GgufValueType.Int64,
            double => GgufValueType.Float64,
            _ => throw new ArgumentException($"{typeof(T).Name} is not a GGUF value type."),
        };
}
