namespace LoraBridge.Finetuning;

/// <summary>
/// The types of a merged model's tensors. <see cref="Keep"/>, <see cref="F32"/>, <see cref="F16"/> and <see cref="BF16"/> change the
/// merged tensors only. Every other value is one of llama.cpp's recipes, which quantises the whole model with its rules on which
/// tensor gets which type; the names are those of llama.cpp's tools, the values those of <c>general.file_type</c>.
/// </summary>
public enum MergeOutputType
{
    /// <summary>Every merged tensor goes back to the type it had.</summary>
    Keep = -1,

    /// <summary>Merged tensors in F32, the others as they are.</summary>
    F32 = 0,

    /// <summary>Merged tensors in F16, the others as they are: nothing is quantised twice.</summary>
    F16 = 1,

    /// <summary>Merged tensors in BF16, the others as they are.</summary>
    BF16 = 32,

    /// <summary>llama.cpp's recipe Q8_0.</summary>
    Q8_0 = 7,

    /// <summary>llama.cpp's recipe Q4_0.</summary>
    Q4_0 = 2,

    /// <summary>llama.cpp's recipe Q4_1.</summary>
    Q4_1 = 3,

    /// <summary>llama.cpp's recipe Q5_0.</summary>
    Q5_0 = 8,

    /// <summary>llama.cpp's recipe Q5_1.</summary>
    Q5_1 = 9,

    /// <summary>llama.cpp's recipe Q2_K.</summary>
    Q2_K = 10,

    /// <summary>llama.cpp's recipe Q2_K_S. Needs an importance matrix.</summary>
    Q2_K_S = 21,

    /// <summary>llama.cpp's recipe Q3_K_S.</summary>
    Q3_K_S = 11,

    /// <summary>llama.cpp's recipe Q3_K_M.</summary>
    Q3_K_M = 12,

    /// <summary>llama.cpp's recipe Q3_K_L.</summary>
    Q3_K_L = 13,

    /// <summary>llama.cpp's recipe Q4_K_S.</summary>
    Q4_K_S = 14,

    /// <summary>llama.cpp's recipe Q4_K_M.</summary>
    Q4_K_M = 15,

    /// <summary>llama.cpp's recipe Q5_K_S.</summary>
    Q5_K_S = 16,

    /// <summary>llama.cpp's recipe Q5_K_M.</summary>
    Q5_K_M = 17,

    /// <summary>llama.cpp's recipe Q6_K.</summary>
    Q6_K = 18,

    /// <summary>llama.cpp's recipe IQ1_S. Needs an importance matrix.</summary>
    IQ1_S = 24,

    /// <summary>llama.cpp's recipe IQ1_M. Needs an importance matrix.</summary>
    IQ1_M = 31,

    /// <summary>llama.cpp's recipe IQ2_XXS. Needs an importance matrix.</summary>
    IQ2_XXS = 19,

    /// <summary>llama.cpp's recipe IQ2_XS. Needs an importance matrix.</summary>
    IQ2_XS = 20,

    /// <summary>llama.cpp's recipe IQ2_S. Needs an importance matrix.</summary>
    IQ2_S = 28,

    /// <summary>llama.cpp's recipe IQ2_M.</summary>
    IQ2_M = 29,

    /// <summary>llama.cpp's recipe IQ3_XXS.</summary>
    IQ3_XXS = 23,

    /// <summary>llama.cpp's recipe IQ3_XS.</summary>
    IQ3_XS = 22,

    /// <summary>llama.cpp's recipe IQ3_S.</summary>
    IQ3_S = 26,

    /// <summary>llama.cpp's recipe IQ3_M.</summary>
    IQ3_M = 27,

    /// <summary>llama.cpp's recipe IQ4_NL.</summary>
    IQ4_NL = 25,

    /// <summary>llama.cpp's recipe IQ4_XS.</summary>
    IQ4_XS = 30,

    /// <summary>llama.cpp's recipe TQ1_0.</summary>
    TQ1_0 = 36,

    /// <summary>llama.cpp's recipe TQ2_0.</summary>
    TQ2_0 = 37,

    /// <summary>llama.cpp's recipe MXFP4_MOE: the experts' weights in MXFP4, the others in Q8_0.</summary>
    MXFP4_MOE = 38,

    /// <summary>llama.cpp's recipe NVFP4.</summary>
    NVFP4 = 39,

    /// <summary>llama.cpp's recipe Q1_0.</summary>
    Q1_0 = 40,

    /// <summary>llama.cpp's recipe Q2_0.</summary>
    Q2_0 = 41,
}
