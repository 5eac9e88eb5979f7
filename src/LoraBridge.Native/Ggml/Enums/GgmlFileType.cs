namespace LoraBridge.Native;

/// <summary>Dominant type of a ggml file (<c>ggml_ftype</c>).</summary>
internal enum GgmlFileType
{
    UNKNOWN = -1,
    ALL_F32 = 0,
    MOSTLY_F16 = 1,
    MOSTLY_Q4_0 = 2,
    MOSTLY_Q4_1 = 3,
    MOSTLY_Q4_1_SOME_F16 = 4,
    MOSTLY_Q8_0 = 7,
    MOSTLY_Q5_0 = 8,
    MOSTLY_Q5_1 = 9,
    MOSTLY_Q2_K = 10,
    MOSTLY_Q3_K = 11,
    MOSTLY_Q4_K = 12,
    MOSTLY_Q5_K = 13,
    MOSTLY_Q6_K = 14,
    MOSTLY_IQ2_XXS = 15,
    MOSTLY_IQ2_XS = 16,
    MOSTLY_IQ3_XXS = 17,
    MOSTLY_IQ1_S = 18,
    MOSTLY_IQ4_NL = 19,
    MOSTLY_IQ3_S = 20,
    MOSTLY_IQ2_S = 21,
    MOSTLY_IQ4_XS = 22,
    MOSTLY_IQ1_M = 23,
    MOSTLY_BF16 = 24,
    MOSTLY_MXFP4 = 25,
    MOSTLY_NVFP4 = 26,
    MOSTLY_Q1_0 = 27,
    MOSTLY_Q2_0 = 28,
}
