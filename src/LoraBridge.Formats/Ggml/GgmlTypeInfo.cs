using System.Collections.Frozen;
using System.Collections.Immutable;

namespace LoraBridge.Formats;

/// <summary>
/// Sizes and names of the ggml types. A row of a tensor is stored as blocks of <see cref="BlockSize"/> values,
/// each <see cref="TypeSize"/> bytes long; an unquantised type has blocks of one value.
/// </summary>
public static class GgmlTypeInfo
{
    private readonly record struct Entry(GgmlType Type, string Name, int BlockSize, int TypeSize);

    private static readonly ImmutableArray<Entry> Entries =
    [
        new(GgmlType.F32, "f32", 1, 4),
        new(GgmlType.F16, "f16", 1, 2),
        new(GgmlType.Q4_0, "q4_0", 32, 18),
        new(GgmlType.Q4_1, "q4_1", 32, 20),
        new(GgmlType.Q5_0, "q5_0", 32, 22),
        new(GgmlType.Q5_1, "q5_1", 32, 24),
        new(GgmlType.Q8_0, "q8_0", 32, 34),
        new(GgmlType.Q8_1, "q8_1", 32, 36),
        new(GgmlType.Q2_K, "q2_K", 256, 84),
        new(GgmlType.Q3_K, "q3_K", 256, 110),
        new(GgmlType.Q4_K, "q4_K", 256, 144),
        new(GgmlType.Q5_K, "q5_K", 256, 176),
        new(GgmlType.Q6_K, "q6_K", 256, 210),
        new(GgmlType.Q8_K, "q8_K", 256, 292),
        new(GgmlType.IQ2_XXS, "iq2_xxs", 256, 66),
        new(GgmlType.IQ2_XS, "iq2_xs", 256, 74),
        new(GgmlType.IQ3_XXS, "iq3_xxs", 256, 98),
        new(GgmlType.IQ1_S, "iq1_s", 256, 50),
        new(GgmlType.IQ4_NL, "iq4_nl", 32, 18),
        new(GgmlType.IQ3_S, "iq3_s", 256, 110),
        new(GgmlType.IQ2_S, "iq2_s", 256, 82),
        new(GgmlType.IQ4_XS, "iq4_xs", 256, 136),
        new(GgmlType.I8, "i8", 1, 1),
        new(GgmlType.I16, "i16", 1, 2),
        new(GgmlType.I32, "i32", 1, 4),
        new(GgmlType.I64, "i64", 1, 8),
        new(GgmlType.F64, "f64", 1, 8),
        new(GgmlType.IQ1_M, "iq1_m", 256, 56),
        new(GgmlType.BF16, "bf16", 1, 2),
        new(GgmlType.TQ1_0, "tq1_0", 256, 54),
        new(GgmlType.TQ2_0, "tq2_0", 256, 66),
        new(GgmlType.MXFP4, "mxfp4", 32, 17),
        new(GgmlType.NVFP4, "nvfp4", 64, 36),
        new(GgmlType.Q1_0, "q1_0", 128, 18),
        new(GgmlType.Q2_0, "q2_0", 64, 18),
    ];

    private static readonly FrozenDictionary<GgmlType, Entry> ByType = Entries.ToFrozenDictionary(entry => entry.Type);

    private static readonly FrozenDictionary<string, GgmlType> ByName =
        Entries.ToFrozenDictionary(entry => entry.Name, entry => entry.Type, StringComparer.OrdinalIgnoreCase);

    /// <summary>Every type, in the order of its value.</summary>
    public static ImmutableArray<GgmlType> All { get; } = [.. Entries.Select(entry => entry.Type)];

    /// <summary>Whether the value names a type that exists (removed types do not).</summary>
    public static bool IsDefined(this GgmlType type) => ByType.ContainsKey(type);

    /// <summary>Values per block: 1 for unquantised types, 32 to 256 for quantised ones.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type does not exist.</exception>
    public static int BlockSize(this GgmlType type) => Get(type).BlockSize;

    /// <summary>Bytes per block.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type does not exist.</exception>
    public static int TypeSize(this GgmlType type) => Get(type).TypeSize;

    /// <summary>The name ggml prints, such as <c>f32</c>, <c>q4_0</c> or <c>q4_K</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type does not exist.</exception>
    public static string Name(this GgmlType type) => Get(type).Name;

    /// <summary>Whether values share blocks with scales, so that they cannot be read one by one.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type does not exist.</exception>
    public static bool IsQuantized(this GgmlType type) => Get(type).BlockSize > 1;

    /// <summary>Bytes of one row of <paramref name="ne0"/> values.</summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The type does not exist, or <paramref name="ne0"/> is negative or not a multiple of the block size.
    /// </exception>
    /// <exception cref="OverflowException">The size exceeds <see cref="long.MaxValue"/>.</exception>
    public static long RowSize(this GgmlType type, long ne0)
    {
        var entry = Get(type);
        if (ne0 < 0 || ne0 % entry.BlockSize != 0)
        {
            throw new ArgumentOutOfRangeException(
                nameof(ne0), ne0, $"A row of type {entry.Name} has a multiple of {entry.BlockSize} values.");
        }

        return checked(ne0 / entry.BlockSize * entry.TypeSize);
    }

    /// <summary>Finds a type by its ggml name, whatever the case (<c>Q4_K</c>, <c>q4_k</c>).</summary>
    public static bool TryParse(string? name, out GgmlType type)
    {
        if (name is not null)
            return ByName.TryGetValue(name, out type);
        type = default;
        return false;
    }

    private static Entry Get(GgmlType type) =>
        ByType.TryGetValue(type, out var entry)
            ? entry
            : throw new ArgumentOutOfRangeException(nameof(type), (int)type, "Not a ggml type.");
}
