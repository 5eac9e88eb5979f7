namespace LoraBridge.Native;

/// <summary>Precision that an operation asks for (<c>ggml_prec</c>).</summary>
internal enum GgmlPrec
{
    Undefined = 0,
    F32 = 10,
    Bf16 = 15,
    F16 = 20,
    Q8 = 30,
    Q4 = 40,
}
