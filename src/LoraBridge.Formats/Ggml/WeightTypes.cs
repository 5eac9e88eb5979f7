namespace LoraBridge.Formats;

/// <summary>Which tensor types a matrix product takes as weights.</summary>
internal static class WeightTypes
{
    /// <summary>Not integers, 64-bit floats, or the types of quantised activations.</summary>
    internal static bool IsWeight(GgmlType type) => type is not (
        GgmlType.I8 or GgmlType.I16 or GgmlType.I32 or GgmlType.I64 or GgmlType.F64 or GgmlType.Q8_1 or GgmlType.Q8_K);
}
