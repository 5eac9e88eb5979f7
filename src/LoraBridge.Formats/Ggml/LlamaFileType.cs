namespace LoraBridge.Formats;

/// <summary>
/// The overall quantisation of a model file, with the values llama.cpp stores in <c>general.file_type</c>. It says which type
/// most of the large tensors have; tensors of one dimension stay F32. Names are in <see cref="LlamaFileTypeInfo"/>.
/// </summary>
public enum LlamaFileType
{
    /// <summary>all F32.</summary>
    AllF32 = 0,

    /// <summary>F16.</summary>
    F16 = 1,

    /// <summary>Q4_0.</summary>
    Q4_0 = 2,

    /// <summary>Q4_1.</summary>
    Q4_1 = 3,

    /// <summary>Q8_0.</summary>
    Q8_0 = 7,

    /// <summary>Q5_0.</summary>
    Q5_0 = 8,

    /// <summary>Q5_1.</summary>
    Q5_1 = 9,

    /// <summary>Q2_K - Medium.</summary>
    Q2_K = 10,

    /// <summary>Q3_K - Small.</summary>
    Q3_K_S = 11,

    /// <summary>Q3_K - Medium.</summary>
    Q3_K_M = 12,

    /// <summary>Q3_K - Large.</summary>
    Q3_K_L = 13,

    /// <summary>Q4_K - Small.</summary>
    Q4_K_S = 14,

    /// <summary>Q4_K - Medium.</summary>
    Q4_K_M = 15,

    /// <summary>Q5_K - Small.</summary>
    Q5_K_S = 16,

    /// <summary>Q5_K - Medium.</summary>
    Q5_K_M = 17,

    /// <summary>Q6_K.</summary>
    Q6_K = 18,

    /// <summary>IQ2_XXS - 2.0625 bpw.</summary>
    IQ2_XXS = 19,

    /// <summary>IQ2_XS - 2.3125 bpw.</summary>
    IQ2_XS = 20,

    /// <summary>Q2_K - Small.</summary>
    Q2_K_S = 21,

    /// <summary>IQ3_XS - 3.3 bpw.</summary>
    IQ3_XS = 22,

    /// <summary>IQ3_XXS - 3.0625 bpw.</summary>
    IQ3_XXS = 23,

    /// <summary>IQ1_S - 1.5625 bpw.</summary>
    IQ1_S = 24,

    /// <summary>IQ4_NL - 4.5 bpw.</summary>
    IQ4_NL = 25,

    /// <summary>IQ3_S - 3.4375 bpw.</summary>
    IQ3_S = 26,

    /// <summary>IQ3_S mix - 3.66 bpw.</summary>
    IQ3_M = 27,

    /// <summary>IQ2_S - 2.5 bpw.</summary>
    IQ2_S = 28,

    /// <summary>IQ2_M - 2.7 bpw.</summary>
    IQ2_M = 29,

    /// <summary>IQ4_XS - 4.25 bpw.</summary>
    IQ4_XS = 30,

    /// <summary>IQ1_M - 1.75 bpw.</summary>
    IQ1_M = 31,

    /// <summary>BF16.</summary>
    BF16 = 32,

    /// <summary>TQ1_0 - 1.69 bpw ternary.</summary>
    TQ1_0 = 36,

    /// <summary>TQ2_0 - 2.06 bpw ternary.</summary>
    TQ2_0 = 37,

    /// <summary>MXFP4 MoE.</summary>
    MXFP4_MOE = 38,

    /// <summary>NVFP4.</summary>
    NVFP4 = 39,

    /// <summary>Q1_0.</summary>
    Q1_0 = 40,

    /// <summary>Q2_0.</summary>
    Q2_0 = 41,
}
