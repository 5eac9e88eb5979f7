namespace LoraBridge.Formats;

/// <summary>
/// The element types of a ggml tensor, with the values ggml stores in files. Gaps are types ggml has removed.
/// Sizes and names are in <see cref="GgmlTypeInfo"/>.
/// </summary>
public enum GgmlType
{
    /// <summary>32-bit float.</summary>
    F32 = 0,

    /// <summary>16-bit IEEE float.</summary>
    F16 = 1,

    /// <summary>32 values in 18 bytes (4.5 bits per value).</summary>
    Q4_0 = 2,

    /// <summary>32 values in 20 bytes (5 bits per value).</summary>
    Q4_1 = 3,

    /// <summary>32 values in 22 bytes (5.5 bits per value).</summary>
    Q5_0 = 6,

    /// <summary>32 values in 24 bytes (6 bits per value).</summary>
    Q5_1 = 7,

    /// <summary>32 values in 34 bytes (8.5 bits per value).</summary>
    Q8_0 = 8,

    /// <summary>32 values in 36 bytes (9 bits per value).</summary>
    Q8_1 = 9,

    /// <summary>256 values in 84 bytes (2.625 bits per value).</summary>
    Q2_K = 10,

    /// <summary>256 values in 110 bytes (3.438 bits per value).</summary>
    Q3_K = 11,

    /// <summary>256 values in 144 bytes (4.5 bits per value).</summary>
    Q4_K = 12,

    /// <summary>256 values in 176 bytes (5.5 bits per value).</summary>
    Q5_K = 13,

    /// <summary>256 values in 210 bytes (6.562 bits per value).</summary>
    Q6_K = 14,

    /// <summary>256 values in 292 bytes (9.125 bits per value).</summary>
    Q8_K = 15,

    /// <summary>256 values in 66 bytes (2.062 bits per value).</summary>
    IQ2_XXS = 16,

    /// <summary>256 values in 74 bytes (2.312 bits per value).</summary>
    IQ2_XS = 17,

    /// <summary>256 values in 98 bytes (3.062 bits per value).</summary>
    IQ3_XXS = 18,

    /// <summary>256 values in 50 bytes (1.562 bits per value).</summary>
    IQ1_S = 19,

    /// <summary>32 values in 18 bytes (4.5 bits per value).</summary>
    IQ4_NL = 20,

    /// <summary>256 values in 110 bytes (3.438 bits per value).</summary>
    IQ3_S = 21,

    /// <summary>256 values in 82 bytes (2.562 bits per value).</summary>
    IQ2_S = 22,

    /// <summary>256 values in 136 bytes (4.25 bits per value).</summary>
    IQ4_XS = 23,

    /// <summary>8-bit signed integer.</summary>
    I8 = 24,

    /// <summary>16-bit signed integer.</summary>
    I16 = 25,

    /// <summary>32-bit signed integer.</summary>
    I32 = 26,

    /// <summary>64-bit signed integer.</summary>
    I64 = 27,

    /// <summary>64-bit float.</summary>
    F64 = 28,

    /// <summary>256 values in 56 bytes (1.75 bits per value).</summary>
    IQ1_M = 29,

    /// <summary>16-bit brain float: the upper half of a 32-bit float.</summary>
    BF16 = 30,

    /// <summary>256 values in 54 bytes (1.688 bits per value).</summary>
    TQ1_0 = 34,

    /// <summary>256 values in 66 bytes (2.062 bits per value).</summary>
    TQ2_0 = 35,

    /// <summary>4-bit float with a shared power-of-two scale (OCP microscaling).</summary>
    MXFP4 = 39,

    /// <summary>4-bit float with a scale per 16 values.</summary>
    NVFP4 = 40,

    /// <summary>128 values in 18 bytes (1.125 bits per value).</summary>
    Q1_0 = 41,

    /// <summary>64 values in 18 bytes (2.25 bits per value).</summary>
    Q2_0 = 42,
}
