using System.Collections.Immutable;

namespace LoraBridge.Formats;

/// <summary>Names and sizes of the safetensors types.</summary>
public static class SafetensorsTypeInfo
{
    // In the order of the enumeration.
    private static readonly ImmutableArray<(string Name, int Size)> Entries =
    [
        ("BOOL", 1),
        ("U8", 1),
        ("I8", 1),
        ("F8_E5M2", 1),
        ("F8_E4M3", 1),
        ("F8_E8M0", 1),
        ("I16", 2),
        ("U16", 2),
        ("F16", 2),
        ("BF16", 2),
        ("I32", 4),
        ("U32", 4),
        ("F32", 4),
        ("F64", 8),
        ("I64", 8),
        ("U64", 8),
    ];

    /// <summary>The name in the file, such as <c>BF16</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type does not exist.</exception>
    public static string Name(this SafetensorsType type) => Get(type).Name;

    /// <summary>Bytes of one value.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type does not exist.</exception>
    public static int Size(this SafetensorsType type) => Get(type).Size;

    /// <summary>Finds a type by its name in the file; the case matters.</summary>
    public static bool TryParse(string? name, out SafetensorsType type)
    {
        for (var i = 0; i < Entries.Length; i++)
        {
            if (Entries[i].Name != name)
                continue;
            type = (SafetensorsType)i;
            return true;
        }

        type = default;
        return false;
    }

    private static (string Name, int Size) Get(SafetensorsType type) =>
        (int)type >= 0 && (int)type < Entries.Length
            ? Entries[(int)type]
            : throw new ArgumentOutOfRangeException(nameof(type), (int)type, "Not a safetensors type.");
}
